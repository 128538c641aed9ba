"""Peta Jakarta's records: the city's reports, areas and gauges as GeoJSON features with that system's properties."""

import uuid
from typing import Any

from demo.city import AreaState
from demo.gauges import Reading
from demo.reports import Report
from demo.wire import utc_millis

REGION = "ID-JK"
Feature = dict[str, Any]

DISASTERS = {"flood": "flood", "drain": "flood", "power": "flood", "fire": "fire", "tree": "wind"}
"""Peta Jakarta's `disaster_type` by our kind of report; `prep` and `assessment` keep their names."""


def disaster(report: Report) -> str:
    """The report's `disaster_type`."""
    return DISASTERS.get(report.kind, report.kind)


def report_properties(report: Report, text: str, images: str) -> dict[str, Any]:
    """All properties but `pkey` and `created_at`, which the two generations write differently."""
    photo = report.photo if report.origin in ("grasp", "twitter", "qlue") else None
    return {
        "source": report.origin,
        "status": "verified" if report.number % 5 == 0 else "confirmed",
        "url": _url(report),
        "image_url": f"{images}/{photo}" if photo else report.image_url,
        "disaster_type": disaster(report),
        "report_data": _report_data(report),
        "tags": _tags(report),
        "title": report.message.title if report.origin in ("qlue", "detik") else None,
        "text": text,
    }


def _url(report: Report) -> str | None:
    """A card's id from Peta Jakarta's own form, an address from Twitter and detik, nothing from Qlue."""
    if report.origin == "twitter":
        return f"https://twitter.com/petajkt/status/{report.number}"
    if report.origin == "detik":
        return f"https://pasangmata.detik.com/contribution/{report.number}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(report.number))) if report.origin == "grasp" else None


def _report_data(report: Report) -> dict[str, Any] | None:
    """Only Peta Jakarta's own form asks for details; what comes from elsewhere has none."""
    if report.origin != "grasp":
        return None
    kind = {"tree": "wind"}.get(report.kind, report.kind)
    data: dict[str, Any] = {"report_type": kind}
    if kind == "flood" and report.depth_cm is not None:
        data["flood_depth"] = report.depth_cm
    if report.number % 3 == 0:
        data |= {"points": report.number % 7 - 2, "flag": False}
    return data


def _tags(report: Report) -> dict[str, str | None]:
    """The area is a string, null, or (as really seen) the string "null"."""
    unknown = "null" if report.number % 2 else None
    return {
        "district_id": None,
        "region_code": "16",
        "local_area_id": str(report.area.number) if report.area else unknown,
        "instance_region_code": REGION,
    }


def point(report: Report) -> dict[str, Any]:
    """The report's place."""
    return {"type": "Point", "coordinates": list(report.position)}


def area_feature(known: AreaState) -> Feature:
    """One RW with its state: always a MultiPolygon in the database, also when it is in one piece."""
    area = known.area
    properties = {
        "area_id": str(area.number),
        "geom_id": area.geom_id,
        "area_name": area.name,
        "parent_name": area.kelurahan.name.upper(),
        "city_name": area.kelurahan.city,
        "attributes": None,
        **state_properties(known),
    }
    parts = [[[list(place) for place in part]] for part in area.parts]
    return {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": parts}, "properties": properties}


def state_properties(known: AreaState) -> dict[str, Any]:
    """The state and since when; both null without a flood, as the row is taken out when it is over."""
    since = known.since if known.state is not None else None
    return {"state": known.state, "last_updated": utc_millis(since) if since else None}


def gauge_feature(reading: Reading) -> Feature:
    """One observation as a feature of its own: a list of one positional record."""
    gauge = reading.gauge
    observation = {
        "f1": reading.at.isoformat(timespec="microseconds"),
        "f2": reading.depth_cm,
        "f3": reading.warning_level,
        "f4": reading.warning_name,
    }
    properties = {
        "pkey": reading.number,
        "gaugeid": gauge.gaugeid,
        "gaugenameid": gauge.name,
        "observations": [observation],
    }
    place = {"type": "Point", "coordinates": [gauge.longitude, gauge.latitude]}
    return {"type": "Feature", "geometry": place, "properties": properties}
