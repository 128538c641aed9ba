"""The scalars of the contract: how each is written, and what is taken for one."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from domain.time import MINUTE, SECOND, micros
from execution.leaves import write_as_is, write_with
from resolvers.uploads import UploadedFile

DateTime = NewType("DateTime", datetime)
URL = NewType("URL", str)
GeoJSON = NewType("GeoJSON", dict[str, Any])
Cursor = NewType("Cursor", str)
Upload = NewType("Upload", object)  # an UploadedFile; a protocol cannot be the base of a new type

_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))", re.ASCII
)
"""RFC 3339, section 5.6: the offset is owed; the T may be a blank."""


def show_moment(value: int | datetime) -> str:
    """A moment in the one form that the hub writes: UTC, six decimals, Z. Rows hold whole microseconds."""
    return show_micros(micros(value) if isinstance(value, datetime) else value)


def show_micros(value: int) -> str:
    """The same of whole microseconds since 1970 UTC. Raises OverflowError outside the years 1 to 9999."""
    minute, rest = value // MINUTE, value % MINUTE
    day, second = _DAYS[minute // _MINUTES_OF_A_DAY], _SECONDS[rest // SECOND]
    return f"{day}{_MINUTES[minute % _MINUTES_OF_A_DAY]}{second}{_THREE[rest // 1_000 % 1_000]}{_THREE[rest % 1_000]}Z"


class _Days(dict[int, str]):
    """Days since 1970, written. Full, it begins anew."""

    def __missing__(self, day: int) -> str:
        if len(self) >= _DAYS_KEPT:
            self.clear()
        made = self[day] = (_FIRST_DAY + timedelta(days=day)).isoformat()
        return made


_DAYS_KEPT = 10_000
_FIRST_DAY = date(1970, 1, 1)
_MINUTES_OF_A_DAY = 24 * 60
_DAYS = _Days()
_MINUTES = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(_MINUTES_OF_A_DAY)]
_SECONDS = [f"{second:02d}." for second in range(60)]
_THREE = [f"{number:03d}" for number in range(1_000)]


def read_moment(value: object) -> datetime:
    """The moment that a client wrote, in UTC; what is finer than a microsecond is cut. Raises GraphQLError."""
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is a string such as 2026-01-31T18:05:00+07:00.")
    found = _RFC_3339.fullmatch(value)
    if found is None:
        raise GraphQLError(f"{value[:64]!r} is not a DateTime: write it as 2026-01-31T18:05:00+07:00, with the offset.")
    try:
        return _moment_of(found)
    except (ValueError, OverflowError):
        raise GraphQLError(f"There is no such moment as {value[:64]}.") from None


def _moment_of(found: re.Match[str]) -> datetime:
    day, minute, second, fraction, _, sign, hours, minutes = found.groups()
    leap = second == "60"  # a leap second is told as the second after it
    at = datetime.fromisoformat(f"{day}T{minute}:{'59' if leap else second}+00:00")
    at += timedelta(seconds=leap, microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    if sign is None:
        return at
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("an offset has at most 23 hours and 59 minutes")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return at + offset if sign == "-" else at - offset


def _read_text(name: str) -> Any:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise GraphQLError(f"A {name} is a string.")
        return value

    return read


def _in_documents(read: Callable[[object], Any]) -> Any:
    """Reads what stands in a document itself; what is wrong with it is told with its place there."""

    def read_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return read(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return read_literal


def _read_file(value: object) -> UploadedFile:
    if not isinstance(value, UploadedFile):
        raise GraphQLError("An Upload is a file that comes with a multipart request.")
    return value


def _no_literal(node: ValueNode, *_: object) -> Any:
    raise GraphQLError("An Upload can only be given as a variable.", node)


def _never_shown(_: object) -> Any:
    raise GraphQLError("An Upload is never part of an answer.")


SCALARS: Mapping[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment by RFC 3339. Given: with an offset (`+07:00` or `Z`), which is owed. Told: always in UTC with six "
            "decimals, as `2026-01-31T11:05:00.000000Z`, so that equal moments are equal texts and sort as such."
        ),
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=show_moment,
        parse_value=read_moment,
        parse_literal=_in_documents(read_moment),
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute address on the web, as RFC 3986 writes it.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3986",
        parse_value=_read_text("URL"),
        parse_literal=_in_documents(_read_text("URL")),
    ),
    GeoJSON: strawberry.scalar(
        name="GeoJSON",
        description="A geometry object by RFC 7946: degrees of WGS 84, **longitude first**.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc7946",
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description=(
            "A place in a list or in the event log. Opaque, at most 512 characters, good for the class of viewers (role, "
            "agency, scopes) that it was given to, on every node of the hub."
        ),
        parse_value=_read_text("Cursor"),
        parse_literal=_in_documents(_read_text("Cursor")),
    ),
    Upload: strawberry.scalar(
        name="Upload",
        description="A file of a multipart request; given as a variable that the request's `map` points to.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        serialize=_never_shown,
        parse_value=_read_file,
        parse_literal=_no_literal,
    ),
}
"""What `strawberry.Schema` needs to know of them."""


def write_quickly(schema: GraphQLSchema) -> None:
    """Says of the built schema's scalars which values need no asking."""
    for name in ("URL", "Cursor"):
        write_as_is(_scalar(schema, name), str)
    write_with(_scalar(schema, "DateTime"), int, show_micros)


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    found = schema.type_map[name]
    assert isinstance(found, GraphQLScalarType)
    return found
