"""What the hub accepts, so that a draft written offline is not refused hours later."""

from dataclasses import dataclass

from domain.image_recognition import MAX_BYTES
from domain.photo import ACCEPTED_CONTENT_TYPES
from domain.report import OLDEST_REPORTED, PHOTOS_PER_REPORT, TEXT_LENGTH, TITLE_LENGTH
from resolvers.context import Context
from resolvers.log_positions import HORIZON
from storage.clock import now_in_micros


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in characters, sizes in bytes, times in microseconds."""

    text_length: int
    title_length: int
    photos_per_report: int
    photo_bytes: int
    photo_content_types: tuple[str, ...]
    oldest_reported_at: int
    events_kept_since: int


def limits(ctx: Context) -> Limits:
    """The limits as they are at this moment."""
    now = now_in_micros()
    return Limits(
        text_length=TEXT_LENGTH,
        title_length=TITLE_LENGTH,
        photos_per_report=PHOTOS_PER_REPORT,
        photo_bytes=MAX_BYTES,
        photo_content_types=tuple(ACCEPTED_CONTENT_TYPES),
        oldest_reported_at=now - OLDEST_REPORTED,
        events_kept_since=now - HORIZON,
    )
