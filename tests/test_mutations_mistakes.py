"""Whatever is wrong with a mutation's input is told with a code, a path and words that help, in both languages, and nothing
is done.

For every field of every input there are wrong values, or it stands among those of which no value of their type is wrong.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
    is_non_null_type,
    is_required_input_field,
)
from sqlalchemy import func, select

from domain.areas import AreaMap
from domain.images import MAX_BYTES
from domain.vocabulary import Locale
from execution import RequestRefused
from schema.root import graphql_schema
from storage.store import Store
from storage.tables import metadata
from tests.images import plain_jpeg
from tests.permission_acts import NOWHERE
from tests.permission_world import PermissionWorld, described
from tests.schema_world import SchemaWorld, schema_world
from tests.writing import File

LONG, UNSTORABLE, HALF = "a" * 6_000, "a\u0000b", "a\ud800b"
LATE, EARLY = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
OF_ANOTHER = "of-another-report-aaaaaaaaaaaaa"
SHORT_KEY, LONG_KEY = "short", "k" * 129


class Heavy(File):
    """A file that says how large it is; nobody should read it."""

    @property
    def size(self) -> int:
        return MAX_BYTES + 1


@dataclass(frozen=True)
class Wrong:
    """A value that is wrong, the code for it, and the path of the fault: the field's own where nothing else is said."""

    value: Any
    code: str
    path: tuple[str, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    """Other fields to be given with it."""


def _text(code_if_blank: str | None = None) -> list[Wrong]:
    """What may be wrong with a text that is kept; blanks where it is owed."""
    found = [Wrong(LONG, "TOO_LONG"), Wrong(UNSTORABLE, "INVALID"), Wrong(HALF, "INVALID")]
    return [*found, *([Wrong(" \n ", code_if_blank)] if code_if_blank else [])]


def _code(code: str) -> list[Wrong]:
    return [Wrong(value, code) for value in ("no such code", LONG, UNSTORABLE, HALF, "")]


KEY = [Wrong(SHORT_KEY, "TOO_SHORT"), Wrong(LONG_KEY, "TOO_LONG"), Wrong("", "TOO_SHORT")]
ID = [Wrong(value, "NOT_FOUND") for value in (NOWHERE, "", LONG, UNSTORABLE, HALF, "{category}", "{absent}")]
CHANGED = [Wrong(EARLY, "CONFLICT")]
TOKEN = [Wrong(OF_ANOTHER, "FORBIDDEN"), Wrong("", "FORBIDDEN"), Wrong(HALF, "FORBIDDEN")]
PHOTOS = [
    Wrong([File(b"GIF89a")], "UNSUPPORTED_MEDIA_TYPE", ("photos", "0")),
    Wrong([File(plain_jpeg()), File(plain_jpeg()[:300])], "BROKEN_MEDIA", ("photos", "1")),
    Wrong([Heavy(b"")], "TOO_LARGE", ("photos", "0")),
    Wrong([File(plain_jpeg())] * 6, "TOO_MANY"),
]


@dataclass(frozen=True)
class Act:
    """A mutation with an input that is in order, and who may do it."""

    who: str
    input: Mapping[str, Any]
    wrong: Mapping[str, list[Wrong]]
    never_wrong: frozenset[str] = frozenset()
    """Fields of which every value of their type is right."""


REPORT = {"reportId": "{public}"}
ACTS = {
    "submitReport": Act(
        "partner",
        {"text": "Banjir", "category": "flood", "location": {"latitude": -6.1754, "longitude": 106.8272}},
        {
            "text": _text("REQUIRED"),
            "category": _code("UNKNOWN"),
            "title": _text(),
            "address": _text(),
            "photos": PHOTOS,
            "location": [
                Wrong({"latitude": 91.0, "longitude": 106.8}, "INVALID"),
                Wrong({"latitude": -6.9175, "longitude": 107.6191}, "OUT_OF_AREA"),
                Wrong(None, "REQUIRED"),
            ],
            "area": [
                Wrong("31.71", "INVALID"),
                *(replace(each, beside={"location": None}) for each in _code("UNKNOWN")),
            ],
            "contact": [
                *(replace(each, value={"name": each.value}, path=("contact", "name")) for each in _text()),
                Wrong({"phone": "what?"}, "INVALID", ("contact", "phone")),
                Wrong({"phone": "0" * 41}, "TOO_LONG", ("contact", "phone")),
                Wrong({"email": "nobody at home"}, "INVALID", ("contact", "email")),
                Wrong({"email": f"{'a' * 260}@b.id"}, "TOO_LONG", ("contact", "email")),
            ],
            "floodDepthCm": [Wrong(-1, "INVALID"), Wrong(1_001, "INVALID"), Wrong(2**31 - 1, "INVALID")],
            "sourceRef": _text("REQUIRED"),
            "reportedAt": [Wrong(LATE, "IN_THE_FUTURE"), Wrong(EARLY, "INVALID")],
            "idempotencyKey": KEY,
        },
        frozenset({"anonymous", "confidential", "forwardContact"}),
    ),
    "addPhotos": Act(
        "reporter",
        {**REPORT, "photos": [File(plain_jpeg())]},
        {
            "reportId": ID,
            "photos": [*PHOTOS, Wrong([], "REQUIRED")],
            "followToken": [replace(each, beside={"as": "citizen"}) for each in TOKEN],
            "idempotencyKey": KEY,
        },
        frozenset({"phase"}),
    ),
    "supportReport": Act("stranger", REPORT, {"reportId": ID, "idempotencyKey": KEY}),
    "unsupportReport": Act("citizen", REPORT, {"reportId": ID, "idempotencyKey": KEY}),
    "commentOnReport": Act(
        "reporter",
        {**REPORT, "text": "Halo"},
        {
            "reportId": ID,
            "text": _text("REQUIRED"),
            "followToken": [replace(each, beside={"as": "citizen"}) for each in TOKEN],
            "idempotencyKey": KEY,
        },
    ),
    "withdrawReport": Act(
        "reporter",
        REPORT,
        {
            "reportId": [*ID, Wrong("{withdrawn}", "NOT_POSSIBLE_IN_STATE")],
            "note": _text(),
            "followToken": [replace(each, beside={"as": "citizen"}) for each in TOKEN],
            "ifUnchangedSince": CHANGED,
            "idempotencyKey": KEY,
        },
    ),
    "setConfidential": Act(
        "reporter",
        {**REPORT, "confidential": True},
        {
            "reportId": ID,
            "confidential": [Wrong(False, "ALREADY_DONE")],
            "followToken": [replace(each, beside={"as": "citizen"}) for each in TOKEN],
            "ifUnchangedSince": CHANGED,
            "idempotencyKey": KEY,
        },
    ),
    "forwardToLapor": Act("dispatcher", REPORT, {"reportId": ID, "note": _text(), "idempotencyKey": KEY}),
    "settleForwarding": Act(
        "dispatcher",
        {"forwardingId": "{public forwarding}", "outcome": "ARRIVED", "externalRef": "1234"},
        {
            "forwardingId": ID,
            "outcome": [Wrong("ARRIVED", "REQUIRED", ("externalRef",), {"externalRef": None})],
            "externalRef": [*_text("REQUIRED"), Wrong("T-moved", "CONFLICT")],
            "note": _text(),
            "idempotencyKey": KEY,
        },
    ),
    "recordAgencyStatus": Act(
        "partner",
        {**REPORT, "status": "IN_PROGRESS"},
        {
            "reportId": ID,
            "status": [
                Wrong("SUBMITTED", "INVALID"),
                Wrong("WITHDRAWN", "INVALID"),
                Wrong("DUPLICATE", "INVALID"),
                Wrong("VERIFIED", "ALREADY_DONE"),
            ],
            "at": [Wrong(LATE, "IN_THE_FUTURE"), Wrong(EARLY, "INVALID"), Wrong("0001-01-01T00:00:00Z", "INVALID")],
            "note": _text(),
            "agencyRef": _text(),
            "ifUnchangedSince": CHANGED,
            "idempotencyKey": KEY,
        },
    ),
    "syncSource": Act(
        "admin",
        {"source": "qlue"},
        {"source": [*_code("NOT_FOUND"), Wrong("simpul", "NOT_POSSIBLE_IN_STATE")], "idempotencyKey": KEY},
    ),
    "retrySetAside": Act(
        "admin",
        {"ids": ["{set aside}"]},
        {
            "ids": [
                Wrong([], "REQUIRED"),
                Wrong([NOWHERE] * 101, "TOO_MANY"),
                *(replace(each, value=["{set aside}", each.value], path=("ids", "1")) for each in ID),
            ],
            "idempotencyKey": KEY,
        },
    ),
    "revokeAccess": Act(
        "admin",
        {"subject": "somebody"},
        {
            "subject": [Wrong("", "INVALID"), Wrong(LONG, "INVALID"), Wrong(HALF, "INVALID"), Wrong(None, "REQUIRED")],
            "tokenId": [
                Wrong("t", "INVALID"),
                *(Wrong(each, "INVALID", beside={"subject": None}) for each in ("", LONG, UNSTORABLE)),
            ],
            "agency": [replace(each, beside={"subject": None}) for each in _code("UNKNOWN")],
            "issuedBefore": [
                Wrong(LATE, "IN_THE_FUTURE"),
                Wrong(EARLY, "INVALID", beside={"subject": None, "tokenId": "t"}),
            ],
            "idempotencyKey": KEY,
        },
    ),
}


@dataclass
class Hub:
    """A described hub, asked in this process, and what it has in its tables."""

    there: SchemaWorld
    world: PermissionWorld
    store: Store

    async def faults(self, act: str, given: Mapping[str, Any], who: str, locale: Locale) -> list[dict[str, Any]]:
        """The user errors of a mutation, which has no other ones."""
        answer = await self._ask(act, self._filled(given), who, locale)
        assert "errors" not in answer, (act, given, answer)
        found: list[dict[str, Any]] = answer["data"][act]["userErrors"]
        return found

    async def errors(self, act: str, given: Any, who: str) -> list[dict[str, Any]]:
        """The errors of a request that was not even begun."""
        try:
            answer = await self._ask(act, self._filled(given), who, Locale.EN)
        except RequestRefused as refused:
            return [dict(error) for error in refused.errors]
        raise AssertionError(f"{act} took {given!r}: {answer}")

    async def _ask(self, act: str, given: Any, who: str, locale: Locale) -> dict[str, Any]:
        kind = act[0].upper() + act[1:]
        text = f"mutation ($input: {kind}Input!) {{ {act}(input: $input) {{ userErrors {{ code message path }} }} }}"
        return await self.there.ask(text, {"input": given}, self.world.askers[who].viewer, locale)

    def _filled(self, given: Any) -> Any:
        """With the ids of things for their names in braces."""
        if isinstance(given, Mapping):
            return {name: self._filled(value) for name, value in given.items()}
        if isinstance(given, list):
            return [self._filled(value) for value in given]
        if given == "{absent}":
            return self.there.hub.id(987_654)
        if isinstance(given, str) and given[1:-1] in self.world.things and given.startswith("{"):
            return self.world.things[given[1:-1]].id
        return given

    async def rows(self) -> dict[str, Any]:
        """How many rows each table has, and all of what matters of reports."""

        def read(conn: Any) -> dict[str, Any]:
            counts = {
                name: conn.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }
            reports = conn.execute(select(metadata.tables["reports"]).order_by("id")).all()
            return {**counts, "reports": [tuple(row) for row in reports]}

        return await self.store.read(read)


@pytest.fixture
async def hub(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Hub]:
    async with schema_world(sqlite_store, area_map, tmp_path) as there:
        yield Hub(there, await described(sqlite_store, area_map, there), sqlite_store)


def input_of(act: str) -> GraphQLInputObjectType:
    """The type of a mutation's input."""
    mutation = graphql_schema().mutation_type
    assert mutation is not None
    kind = get_named_type(mutation.fields[act].args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


def test_every_field_of_every_input_is_tried() -> None:
    mutation = graphql_schema().mutation_type
    assert mutation is not None and ACTS.keys() == mutation.fields.keys()
    for name, act in ACTS.items():
        assert act.wrong.keys() | act.never_wrong == input_of(name).fields.keys(), name
        assert not act.wrong.keys() & act.never_wrong, name


async def test_what_is_wrong_is_told_where_it_is_and_nothing_is_done(hub: Hub) -> None:
    before = await hub.rows()
    for name, act in ACTS.items():
        for field_name, values in act.wrong.items():
            for wrong in values:
                beside = dict(wrong.beside)
                who = beside.pop("as", act.who)
                given = {**act.input, field_name: wrong.value, **beside}
                path = list(wrong.path or (field_name,))
                words = []
                for locale in Locale:
                    faults = await hub.faults(name, given, who, locale)
                    assert [(each["code"], each["path"]) for each in faults] == [(wrong.code, path)], (
                        name,
                        given,
                        faults,
                    )
                    words.append(faults[0]["message"])
                assert all(words) and len(set(words)) == 2, (name, field_name, words)
    assert await hub.rows() == before


async def test_what_is_no_value_of_its_type_is_refused_before_anything_is_done(hub: Hub) -> None:
    """Left out where it is owed, null where it may not be, another type, a field that is not there: named, with its path."""
    before = await hub.rows()
    for name, act in ACTS.items():
        for field_name, made in input_of(name).fields.items():
            for given in _of_no_type(act.input, field_name, made):
                told = await hub.errors(name, given, act.who)
                assert all(each["extensions"]["code"] == "BAD_USER_INPUT" for each in told), (name, given, told)
                assert any(field_name in each["message"] for each in told), (name, given, told)
        for given in (None, "text", {**act.input, "nonsense": 1}):
            told = await hub.errors(name, given, act.who)
            assert all(each["extensions"]["code"] == "BAD_USER_INPUT" and each["message"] for each in told), (
                name,
                told,
            )
    assert await hub.rows() == before


def _of_no_type(good: Mapping[str, Any], name: str, made: GraphQLInputField) -> list[dict[str, Any]]:
    found = [{**good, name: {"no": "such"}}, {**good, name: [[["deep"]]]}]
    if is_non_null_type(made.type):
        found.append({**good, name: None})
    if is_required_input_field(made):
        found.append({other: value for other, value in good.items() if other != name})
    return found
