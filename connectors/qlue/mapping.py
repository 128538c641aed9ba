"""Mapping Qlue's posts, polled or pushed, to reports."""

from typing import Any

from connectors.errors import CannotMap
from connectors.values import JAKARTA, members, moment, number, point, reference, text_or_none, web_address_or_none
from domain.places import Point
from domain.records import JSON, ReportRecord
from domain.vocabulary import ReportStatus

MEANINGS = {
    "wait": ReportStatus.SUBMITTED,  # also shown while an agency was already "coordinating", so it says little
    "process": ReportStatus.IN_PROGRESS,
    "complete": ReportStatus.RESOLVED,
}
"""Qlue's words for its states."""

OUR_CITY = "jabodetabek"


def post_of(value: JSON, categories: dict[str, str]) -> ReportRecord:
    """One post of the feed. Its time has no zone and is Jakarta's. Raises CannotMap."""
    told = members(value, "post")
    ref = reference(told.get("post_id"), "post_id")
    try:
        status = text_or_none(told.get("sourceStatus"), "sourceStatus")
        return ReportRecord(
            source_ref=ref,
            text=_text(told, "post_desc", "post_title"),
            title=text_or_none(told.get("post_title"), "post_title"),
            category=categories.get(str(told.get("category")), "other"),
            reported_at=moment(told.get("seen_at") or told.get("post_date"), "post_date", JAKARTA),
            point=_place(told.get("loc_lat"), told.get("loc_lng")),
            source_status=status,
            source_status_means=MEANINGS.get((status or "").lower()),
            reporter_key=text_or_none(told.get("reporter_key"), "reporter_key"),
            photo_urls=_photos(told.get("post_images")),
        )
    except CannotMap as fault:
        raise CannotMap(fault.reason, ref) from fault


def pushed_of(value: JSON) -> tuple[ReportRecord, ...]:
    """One pushed report, checked before by `receive`; none for another city. Raises CannotMap."""
    told = members(value, "pushed report")
    if told.get("qlue_city") != OUR_CITY:
        return ()
    location = members(told.get("location"), "location")
    record = ReportRecord(
        source_ref=reference(told.get("post_id"), "post_id"),
        text=_text(told, "text", "title"),
        title=text_or_none(told.get("title"), "title"),
        category="flood",
        reported_at=moment(told.get("created_at"), "created_at"),
        point=_place(location.get("lat"), location.get("lng")),
        photo_urls=_photos(told.get("image_url")),
    )
    return (record,)


def _text(told: Any, member: str, otherwise: str) -> str:
    return text_or_none(told.get(member), member) or text_or_none(told.get(otherwise), otherwise) or ""


def _place(latitude: JSON, longitude: JSON) -> Point | None:
    """Numbers, or texts of numbers; nothing, or 0,0, is no place."""
    if latitude in (None, "") or longitude in (None, ""):
        return None
    if number(latitude, "loc_lat") == 0 and number(longitude, "loc_lng") == 0:
        return None
    return point(latitude, longitude, "place")


def _photos(address: JSON) -> tuple[str, ...]:
    photo = web_address_or_none(address)
    return (photo,) if photo else ()
