"""Flood gauges: each observation comes as a feature of its own, out of order, so they are gathered by gauge and sorted."""

from typing import Any

from connectors.base import Raw
from connectors.errors import CannotMap
from connectors.peta_jakarta.geometry import point_of
from connectors.values import JAKARTA, members, moment, number, reference, text_or_none, whole
from domain.places import Point
from domain.records import JSON, GaugeReading, GaugeRecord

_HIGHEST_LEVEL = 999


def cut_gauges(features: list[Any], profile: str) -> list[Raw]:
    """One raw record for each gauge, of all its readable features; each feature that cannot be read comes by itself."""
    by_gauge: dict[str, list[Any]] = {}
    bad: list[Raw] = []
    for feature in features:
        try:
            gauge = gauge_of({"features": [feature]}, profile)
            by_gauge.setdefault(gauge.source_ref, []).append(feature)
        except CannotMap:
            bad.append(Raw("gauge", {"features": [feature]}))
    return [Raw("gauge", {"features": found}) for found in by_gauge.values()] + bad


def gauge_of(value: JSON, profile: str) -> GaugeRecord:
    """One gauge and its readings in order of time, each time once. Raises CannotMap."""
    features = members(value, "gauge").get("features")
    if not isinstance(features, list) or not features:
        raise CannotMap("gauge has no features")
    told = members(members(features[0], "feature").get("properties"), "properties")
    ref = reference(told.get("gaugeid"), "gaugeid")
    try:
        readings = {reading.measured_at: reading for feature in features for reading in _readings(feature, profile)}
        return GaugeRecord(
            source_ref=ref,
            name=text_or_none(told.get("gaugenameid"), "gaugenameid") or ref,
            point=_place(features[0]),
            readings=tuple(readings[time] for time in sorted(readings)),
        )
    except CannotMap as fault:
        raise CannotMap(fault.reason, ref) from fault


def _place(feature: Any) -> Point | None:
    geometry = feature.get("geometry")
    return None if geometry is None else point_of(geometry)


def _readings(feature: JSON, profile: str) -> list[GaugeReading]:
    told = members(members(feature, "feature").get("properties"), "properties")
    observations = told.get("observations")
    if observations is None:
        return []
    if not isinstance(observations, list):
        raise CannotMap("observations is not a list")
    read = _reading_v2 if profile == "v2" else _reading_v3
    return [read(members(observation, "observation")) for observation in observations]


def _reading_v3(told: Any) -> GaugeReading:
    """v3 names the members of an observation by position: time with offset, depth, warning level, warning name."""
    return _reading(told.get("f1"), told.get("f2"), told.get("f3"), told.get("f4"))


def _level(value: JSON) -> int:
    """Four levels are in use; what has more than a few digits is none."""
    level = whole(value, "warning level")
    if not 0 <= level <= _HIGHEST_LEVEL:
        raise CannotMap(f"warning level is not between 0 and {_HIGHEST_LEVEL}")
    return level


def _reading_v2(told: Any) -> GaugeReading:
    time, depth = told.get("measuredatetime"), told.get("depth")
    return _reading(time, depth, told.get("warninglevel"), told.get("warningnameid"))


def _reading(time: JSON, depth: JSON, level: JSON, name: JSON) -> GaugeReading:
    """v2's times carry no zone and are Jakarta's; v3's carry one, which `moment` prefers."""
    return GaugeReading(
        measured_at=moment(time, "time of observation", JAKARTA),
        depth_cm=number(depth, "depth"),
        warning_level=None if level is None else _level(level),
        warning_name=text_or_none(name, "warning name"),
    )
