"""Reading members of what a source said: each function gives a clean value or raises CannotMap with the member's name."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import CannotMap
from domain.places import Point
from domain.records import JSON

JAKARTA = timezone(timedelta(hours=7), "WIB")
"""Jakarta's time, UTC+7 all year: what a source means by a time without a zone."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_MAX_DIGITS = 18  # more digits than any number of ours has; int() of a very long text is slow
_WHOLE = re.compile(rf"-?\d{{1,{_MAX_DIGITS}}}", re.ASCII)


def is_web_address(value: str) -> bool:
    """Whether a text is an absolute http or https address with a host."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def members(value: JSON, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise CannotMap(f"{what} is not an object")
    return value


def clean(value: str) -> str:
    """A text without what no store takes (NUL, halves of surrogate pairs) and without spaces around it."""
    return _UNSTORABLE.sub("", value).strip()


def text_or_none(value: JSON, what: str) -> str | None:
    """A text; None for null and for what is empty once cleaned."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise CannotMap(f"{what} is not a text")
    return clean(value) or None


def reference(value: JSON, what: str) -> str:
    """A source's own number, told as a text or as a whole number, as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise CannotMap(f"{what} is neither a text nor a whole number")
    text = clean(str(value))
    if not text or len(text) > 200:
        raise CannotMap(f"{what} is empty or too long")
    return text


def number(value: JSON, what: str) -> float:
    """A finite number, told as such or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise CannotMap(f"{what} is not a number")
    try:
        result = float(value)
    except (ValueError, OverflowError):
        raise CannotMap(f"{what} is not a number") from None
    if not math.isfinite(result):
        raise CannotMap(f"{what} is not a finite number")
    return result


def whole(value: JSON, what: str) -> int:
    """A whole number of at most 18 digits, told as such, as a float without fraction, or as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(number(value, what)):
        raise CannotMap(f"{what} is not a whole number")
    if abs(value) >= 10**_MAX_DIGITS:
        raise CannotMap(f"{what} has more than {_MAX_DIGITS} digits")
    return int(value)


def moment(value: JSON, what: str, zone: timezone | None = None) -> datetime:
    """A time in ISO 8601 with 0 to 9 digits of fraction, as UTC. Without a zone of its own it is in `zone`, if given."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise CannotMap(f"{what} is not a time")
    *numbers, fraction, offset = match.groups(default="")
    if not offset and zone is None:
        raise CannotMap(f"{what} has no zone")
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in numbers)
        microsecond = int(fraction[:6].ljust(6, "0"))
        told = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(offset) if offset else zone)
        return told.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CannotMap(f"{what} is not a time that exists") from None


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def point(latitude: JSON, longitude: JSON, what: str) -> Point:
    """A place in degrees."""
    try:
        return Point(number(latitude, f"{what}: latitude"), number(longitude, f"{what}: longitude"))
    except ValueError as fault:
        raise CannotMap(f"{what}: {fault}") from None


def web_address_or_none(value: JSON) -> str | None:
    """An http or https address; None for anything else, since a source's broken link is no reason to lose its report."""
    if not isinstance(value, str):
        return None
    address = clean(value)
    return address if len(address) <= 2_000 and is_web_address(address) else None
