"""Mapping Peta Jakarta's reports: v3 with its many kinds of disaster, v2 with floods alone and times without a zone."""

from typing import Any

from connectors.errors import CannotMap
from connectors.peta_jakarta.geometry import point_of
from connectors.values import (
    JAKARTA,
    members,
    moment,
    number,
    reference,
    text_or_none,
    web_address_or_none,
)
from domain.records import JSON, ReportRecord
from domain.vocabulary import ReportStatus

CATEGORIES = {
    "flood": "flood",
    "fire": "fire",
    # A report of strong wind may tell of a roof, a billboard or a tree: none of our categories, and sending the parks'
    # service to each would be wrong. A dispatcher can make it fallen_tree.
    "wind": "other",
    "earthquake": "other",
    "haze": "other",
    "volcano": "other",
}
"""`disaster_type` to a category of the hub."""

NOT_FROM_CITIZENS = frozenset({"prep", "assessment"})
"""Kinds that the archive mixes in and that are no citizens' reports; they are left out on purpose."""

MEANINGS = {
    "confirmed": ReportStatus.SUBMITTED,  # the sender confirmed that he meant to report; nobody has checked it
    "verified": ReportStatus.VERIFIED,
}
"""`status` as the hub reads it; it is free text, and other words stay without a meaning."""

DEEPEST_CM = 200


def report_of(value: JSON, profile: str, admin: str) -> tuple[ReportRecord, ...]:
    """One report feature; none for what is not a citizen's report of the region. Raises CannotMap.

    `seen_at` is put beside `feature` by fetch for reports dated in the future (connectors/future.py).
    """
    wrapper = members(value, "report")
    feature = members(wrapper.get("feature"), "feature")
    told = members(feature.get("properties"), "properties")
    ref = reference(told.get("pkey"), "pkey")
    try:
        kind = _kind(told)
        if kind in NOT_FROM_CITIZENS or _region(told) not in (None, admin):
            return ()
        return (_record(ref, kind, told, feature, wrapper.get("seen_at"), profile),)
    except CannotMap as fault:
        raise CannotMap(fault.reason, ref) from fault


def _record(ref: str, kind: str, told: Any, feature: Any, seen_at: JSON, profile: str) -> ReportRecord:
    status = text_or_none(told.get("status"), "status")
    photo = web_address_or_none(told.get("image_url"))
    title = text_or_none(told.get("title"), "title")
    return ReportRecord(
        source_ref=ref,
        text=text_or_none(told.get("text"), "text") or title or "",
        title=title,
        category=CATEGORIES.get(kind, "other"),
        reported_at=moment(seen_at or told.get("created_at"), "created_at", JAKARTA if profile == "v2" else None),
        point=point_of(feature["geometry"]) if feature.get("geometry") is not None else None,
        source_status=status,
        source_status_means=MEANINGS.get((status or "").lower()),
        source_url=web_address_or_none(told.get("url")),
        photo_urls=(photo,) if photo else (),
        flood_depth_cm=_depth(told.get("report_data")),
        channel=text_or_none(told.get("source"), "source"),
    )


def _kind(told: Any) -> str:
    """v2 knew floods only and named no kind."""
    return (text_or_none(told.get("disaster_type"), "disaster_type") or "flood").lower()


def _region(told: Any) -> str | None:
    tags = told.get("tags")
    region = tags.get("instance_region_code") if isinstance(tags, dict) else None
    return region if isinstance(region, str) and region != "null" else None


def _depth(data: JSON) -> int | None:
    """The depth in whole centimetres, which is sure only where `report_type` is flood (drain and power have none)."""
    if not isinstance(data, dict) or data.get("report_type") != "flood" or data.get("flood_depth") is None:
        return None
    depth = number(data["flood_depth"], "report_data.flood_depth")
    if not 0 <= depth <= DEEPEST_CM:
        raise CannotMap("report_data.flood_depth is not between 0 and 200 cm")
    return round(depth)
