"""How far a Peta Jakarta source has been read: the checkpoint, as an object with names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.future import FirstSeen
from domain.records import JSON


@dataclass(slots=True)
class Progress:
    """`archive_until`: the archive is read up to there, towards `archive_to`. `areas`: those whose outlines are known."""

    reports_read_at: datetime | None = None
    archive_until: datetime | None = None
    archive_to: datetime | None = None
    archive_is_backfill: bool = False
    areas_read_at: datetime | None = None
    areas: set[str] = field(default_factory=set)
    etags: dict[str, str] = field(default_factory=dict)
    first_seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, checkpoint: Mapping[str, JSON] | None) -> "Progress":
        """Reads a checkpoint; what is missing or of another form counts as not read yet."""
        told = checkpoint or {}
        return cls(
            reports_read_at=_time(told.get("reports_read_at")),
            archive_until=_time(told.get("archive_until")),
            archive_to=_time(told.get("archive_to")),
            archive_is_backfill=told.get("archive_is_backfill") is True,
            areas_read_at=_time(told.get("areas_read_at")),
            areas=_unpacked(told.get("areas")),
            etags=_texts(told.get("etags")),
            first_seen=_texts(told.get("first_seen")),
        )

    def checkpoint(self) -> dict[str, JSON]:
        """As it is kept."""
        return {
            "reports_read_at": _written(self.reports_read_at),
            "archive_until": _written(self.archive_until),
            "archive_to": _written(self.archive_to),
            "archive_is_backfill": self.archive_is_backfill,
            "areas_read_at": _written(self.areas_read_at),
            "areas": packed(self.areas),
            "etags": dict(self.etags),
            "first_seen": dict(self.first_seen),
        }

    def remember_etag(self, what: str, etag: str | None) -> None:
        """Keeps what the server called this answer; a cached answer of v3 has no such name."""
        if etag is None:
            self.etags.pop(what, None)
        else:
            self.etags[what] = etag

    def seen(self) -> FirstSeen:
        """The memory of reports dated in the future."""
        return FirstSeen(self.first_seen)


def packed(refs: Iterable[str]) -> str:
    """Thousands of area numbers, mostly in a row, in a few characters: `1-2705,3001,x7`."""
    all_refs = set(refs)
    numbers = sorted(int(ref) for ref in all_refs if _is_plain_number(ref))
    others = sorted(ref for ref in all_refs if not _is_plain_number(ref) and "," not in ref)
    return ",".join([*(_span(first, last) for first, last in _spans(numbers)), *(f"'{ref}" for ref in others)])


def _unpacked(value: Any) -> set[str]:
    if not isinstance(value, str) or not value:
        return set()
    refs: set[str] = set()
    for part in value.split(","):
        if part.startswith("'"):
            refs.add(part[1:])
        else:
            first, _, last = part.partition("-")
            refs.update(str(number) for number in range(int(first), int(last or first) + 1))
    return refs


def _is_plain_number(ref: str) -> bool:
    return ref.isascii() and ref.isdigit() and str(int(ref)) == ref


def _spans(numbers: list[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None


def _written(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else {}
