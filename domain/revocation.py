"""What was revoked: tokens of a person, of an agency, of everybody, up to a moment; or one token or key for good."""

from collections.abc import Iterable
from dataclasses import dataclass, field

TOKENS_LIVE = 366 * 24 * 3600
"""Seconds that any token may live at most: so long, and not longer, must it be remembered that one was revoked."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry. `token_id`: that token or API key. Else all that was issued before `issued_before` (microseconds): to
    this subject, to people of this agency, or, where neither is named, to anybody who came with a token."""

    subject: str | None = None
    token_id: str | None = None
    agency_id: int | None = None
    issued_before: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What of somebody's credentials a revocation can name. `issued_at` is in microseconds; `is_key`: an API key."""

    subject: str | None
    token_id: str | None
    agency_id: int | None
    issued_at: int
    is_key: bool = False


@dataclass(slots=True)
class Revocations:
    """All entries that count, ready to be asked at every request: three look-ups, however many there are."""

    tokens: set[str] = field(default_factory=set)
    subjects: dict[str, int] = field(default_factory=dict)
    agencies: dict[int, int] = field(default_factory=dict)
    everybody: int = 0

    @classmethod
    def of(cls, entries: Iterable[Revocation]) -> "Revocations":
        """The entries gathered."""
        made = cls()
        for each in entries:
            made._add(each)
        return made

    def _add(self, entry: Revocation) -> None:
        before = entry.issued_before or 0
        if entry.token_id is not None:
            self.tokens.add(entry.token_id)
        elif entry.subject is not None:
            self.subjects[entry.subject] = max(before, self.subjects.get(entry.subject, 0))
        elif entry.agency_id is not None:
            self.agencies[entry.agency_id] = max(before, self.agencies.get(entry.agency_id, 0))
        else:
            self.everybody = max(before, self.everybody)

    def cover(self, shown: Shown) -> bool:
        """Whether these credentials were revoked. A key is revoked by its id or its agency, never by time alone: it lives
        longer than these entries are kept."""
        if shown.token_id in self.tokens:
            return True
        before = 0 if shown.agency_id is None else self.agencies.get(shown.agency_id, 0)
        if not shown.is_key:
            before = max(before, self.everybody, self.subjects.get(shown.subject or "", 0))
        return shown.issued_at < before
