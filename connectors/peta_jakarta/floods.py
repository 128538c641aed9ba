"""Mapping v3's flood areas and their states."""

from datetime import UTC, datetime
from typing import Any

from connectors.base import Raw
from connectors.errors import CannotMap
from connectors.peta_jakarta.geometry import outline_of
from connectors.values import members, moment, reference, text_or_none, whole
from domain.records import JSON, FloodAreaRecord, FloodStateReading, FloodStatesRecord
from domain.vocabulary import FloodState


def area_of(value: JSON) -> FloodAreaRecord:
    """One flood area (an RW) with its outline; its state comes from /floods/states. Raises CannotMap."""
    feature = members(value, "flood area")
    told = members(feature.get("properties"), "properties")
    ref = reference(told.get("area_id"), "area_id")
    try:
        return FloodAreaRecord(
            source_ref=ref,
            name=text_or_none(told.get("area_name"), "area_name") or ref,
            geometry=outline_of(feature.get("geometry")),
            subdistrict_name=_in_small_letters(text_or_none(told.get("parent_name"), "parent_name")),
            city_name=_in_small_letters(text_or_none(told.get("city_name"), "city_name")),
        )
    except CannotMap as fault:
        raise CannotMap(fault.reason, ref) from fault


def _in_small_letters(name: str | None) -> str | None:
    """KAMPUNG MELAYU as people write it."""
    return name.title() if name and name.isupper() else name


def states_of(value: JSON) -> FloodStatesRecord:
    """One reading of all states. Of an area told twice the younger word counts. Raises CannotMap."""
    told = members(value, "flood states")
    entries = told.get("states")
    if not isinstance(entries, list):
        raise CannotMap("states is not a list")
    readings: dict[str, FloodStateReading] = {}
    for entry in entries:
        reading = state_of(entry)
        before = readings.get(reading.source_ref)
        if before is None or _age(reading) >= _age(before):
            readings[reading.source_ref] = reading
    return FloodStatesRecord(
        observed_at=moment(told.get("observed_at"), "observed_at"),
        states=tuple(readings.values()),
        complete=told.get("complete") is True,
    )


def state_of(entry: JSON) -> FloodStateReading:
    """One area's state. Raises CannotMap."""
    told = members(entry, "flood state")
    ref = reference(told.get("area_id"), "area_id")
    try:
        return FloodStateReading(ref, FloodState.of_rank(whole(told.get("state"), "state")), _last_updated(told))
    except ValueError as fault:
        raise CannotMap(str(fault), ref) from fault


def _last_updated(told: Any) -> datetime | None:
    value = told.get("last_updated")
    return None if value is None else moment(value, "last_updated")


def _age(reading: FloodStateReading) -> datetime:
    return reading.last_updated or datetime.min.replace(tzinfo=UTC)


def cut_states(entries: list[Any], observed_at: datetime) -> tuple[list[Raw], set[str]]:
    """One raw record of all entries that can be read, each of the others by itself, and the areas that are named.

    If any cannot be read, the reading is not complete: its area must not be taken for dry.
    """
    good: list[Any] = []
    bad: list[Raw] = []
    named: set[str] = set()
    for entry in entries:
        try:
            named.add(state_of(entry).source_ref)
            good.append(entry)
        except CannotMap:
            bad.append(Raw("flood_state", entry))
    reading = {"observed_at": observed_at.isoformat(), "states": good, "complete": not bad}
    return [Raw("flood_states", reading), *bad], named
