"""The push form (Peta Jakarta's `POST /feeds/qlue`), checked strictly: every fault is named, further members are refused."""

import re
from typing import Any

from connectors.errors import CannotMap, Fault, PushRefused
from connectors.json_steps import read_json
from connectors.values import clean, is_web_address, moment
from domain.records import JSON

_CITIES = ("jabodetabek", "bandung", "surabaya")
_REQUIRED = ("post_id", "created_at", "text", "qlue_city", "disaster_type", "location")
_OPTIONAL = ("title", "image_url")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)", re.ASCII)
_LARGEST = 64 * 1024
_MOST_TEXT = 10_000


def checked(body: bytes) -> dict[str, Any]:
    """The one report that a body holds. Raises PushRefused with all its faults."""
    if len(body) > _LARGEST:
        raise PushRefused((Fault("", f"is larger than {_LARGEST} bytes"),))
    try:
        told = read_json(body)
    except ValueError:
        raise PushRefused((Fault("", "is not JSON"),)) from None
    if not isinstance(told, dict):
        raise PushRefused((Fault("", "must be an object"),))
    faults = [*_names(told), *_values(told)]
    if faults:
        raise PushRefused(tuple(faults))
    return told


def _names(told: dict[str, Any]) -> list[Fault]:
    missing = [Fault(name, "is required") for name in _REQUIRED if name not in told]
    return missing + [Fault(clean(name[:100]), "is not allowed") for name in told if name not in _REQUIRED + _OPTIONAL]


def _values(told: dict[str, Any]) -> list[Fault]:
    rules = {
        "post_id": (_is_id, "must be a whole number, 0 or more"),
        "created_at": (_is_time, "must be a time like 2026-01-31T17:05:00Z, without milliseconds"),
        "text": (_is_text, f"must be a text of at most {_MOST_TEXT} characters"),
        "title": (_is_text, f"must be a text of at most {_MOST_TEXT} characters"),
        "image_url": (_is_address, "must be an http or https address"),
        "qlue_city": (lambda value: value in _CITIES, f"must be one of {', '.join(_CITIES)}"),
        "disaster_type": (lambda value: value == "flood", "must be flood"),
    }
    faults = [Fault(name, words) for name, (holds, words) in rules.items() if name in told and not holds(told[name])]
    return faults + (_location(told["location"]) if "location" in told else [])


def _location(value: JSON) -> list[Fault]:
    if not isinstance(value, dict):
        return [Fault("location", "must be an object with lat and lng")]
    faults = [Fault(f"location.{clean(name[:100])}", "is not allowed") for name in value if name not in ("lat", "lng")]
    for name, limit in (("lat", 90), ("lng", 180)):
        degrees = value.get(name)
        if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not -limit <= degrees <= limit:
            faults.append(Fault(f"location.{name}", f"must be a number from -{limit} to {limit}"))
    return faults


def _is_id(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_time(value: JSON) -> bool:
    try:
        return isinstance(value, str) and bool(_TIME.fullmatch(value)) and bool(moment(value, "created_at"))
    except CannotMap:
        return False


def _is_text(value: JSON) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_TEXT


def _is_address(value: JSON) -> bool:
    return isinstance(value, str) and len(value) <= 2_000 and is_web_address(value)
