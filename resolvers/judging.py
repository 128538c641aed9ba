"""What one entry of the log is to one reader: the same whether it is read live or years later from the store.

It is sent to who could see the report at the event and may see it now. When a report leaves a reader's sight, the reader
gets one tombstone, whatever its filter and kinds. `matches` is how the report stood after the event.
"""

import json
from dataclasses import dataclass, replace

from domain.search_query import Phrase, SearchQuery
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, STAFF_ONLY_KINDS, EventKind, ReportStatus, ReportVisibility
from domain.words import field_tokens
from storage.events.facets import Facets
from storage.events.reading import LogEntry
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.seen import uses_true_places
from storage.rows import EventRow

_PUBLIC_NOTES = frozenset({ReportStatus.REJECTED, ReportStatus.RESOLVED, ReportStatus.CLOSED, ReportStatus.WITHDRAWN})
_ACTORLESS_IN_PUBLIC = frozenset({EventKind.SUPPORTED, EventKind.UNSUPPORTED, EventKind.RATED})


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the log, and what of it: `created_only` for new reports, `own` for who reads `mine`."""

    visibility: Visibility
    filter: ResolvedFilter
    kinds: frozenset[str] | None = None
    created_only: bool = False
    backfill: bool = True

    @property
    def own(self) -> bool:
        """Whether the reader's own hidden reports count."""
        return self.filter.own

    def of_class(self) -> "Reader":
        """A reader of the same class who asks for everything."""
        return Reader(replace(self.visibility, person_id=None, followed=frozenset()), ResolvedFilter())

    def saw(self, facets: Facets | None) -> bool:
        """Whether the reader's class sees a report of such facts; whose it is does not count."""
        return facets is not None and self.visibility.sees(facets.visibility, facets.agency_id)

    def knows(self, entry: LogEntry) -> bool:
        """Whether this reader's class may know of the entry at all: only then may a position be told that stands on it."""
        if entry.kind in STAFF_ONLY_KINDS and not self.visibility.staff:
            return False
        return entry.report_id is None or self._saw(entry, entry.before) or self._saw(entry, entry.after)

    def judge(self, entry: LogEntry, now: tuple[str | None, int | None]) -> EventRow | None:
        """What the reader is told of the entry; None: nothing."""
        if entry.report_id is None or not self.knows(entry):
            return None
        if not self._saw(entry, entry.after):
            return None if self.created_only else tombstone(entry)
        if not self._sees_now(entry, *now) or (self.created_only and not self._is_new(entry)):
            return None
        matches = self._matches(entry, entry.after)
        was = not self.created_only and self._saw(entry, entry.before) and self._matched(entry, entry.before)
        if not (matches or was) or (matches and self.kinds is not None and entry.kind not in self.kinds):
            return None
        return told(entry, self.visibility, matches=matches)

    def _is_new(self, entry: LogEntry) -> bool:
        wanted = entry.kind == EventKind.CREATED and (self.backfill or not entry.backfill)
        return wanted and (self.filter.search is None or _has_words(entry, self.filter.search))

    def _saw(self, entry: LogEntry, facets: Facets | None) -> bool:
        if facets is None:
            return False
        if self.visibility.sees(facets.visibility, facets.agency_id):
            return True
        return self._is_own(entry, facets) and facets.visibility != ReportVisibility.ERASED

    def _sees_now(self, entry: LogEntry, visibility: str | None, agency_id: int | None) -> bool:
        if self.visibility.sees(visibility, agency_id):
            return True
        own = entry.after is not None and self._is_own(entry, entry.after)
        return own and visibility == ReportVisibility.CONFIDENTIAL

    def _is_own(self, entry: LogEntry, facets: Facets) -> bool:
        return self.own and self.visibility.owns(entry.report_id, facets.reporter_id)

    def _matched(self, entry: LogEntry, before: Facets | None) -> bool:
        """Whether the report matched before, or may have: of one that is fuzzed with this event, nobody who goes by
        public places learns whether it lay within the filter. All are told; who never had it ignores that."""
        if before is None or not before.public_place_withheld or uses_true_places(self.visibility, mine=self.own):
            return self._matches(entry, before)
        anywhere = replace(self.filter, areas=None, whole_cities=None, box=None, near=None)
        return replace(self, filter=anywhere)._matches(entry, before)

    def _matches(self, entry: LogEntry, facets: Facets | None) -> bool:
        assert entry.report_id is not None
        return facets is not None and self.filter.matches(entry.report_id, facets, entry.at, self.visibility)


def tombstone(entry: LogEntry) -> EventRow:
    """All that a reader is told of a report that left its sight: take it off."""
    return EventRow(
        seq=entry.seq,
        chain=entry.chain,
        kind=entry.kind,
        at=entry.at,
        report_id=entry.report_id,
        matches=False,
        tombstone=True,
        report_visible=False,
        backfill=False,
        actor_role=None,
        actor_agency_id=None,
        actor_person_id=None,
        has_actor=False,
        by_viewer=False,
        status=None,
        previous_status=None,
        note=None,
        comment_id=None,
        photo_id=None,
        other_report_id=None,
        flood_area_id=None,
        flood_state=None,
        previous_flood_state=None,
    )


def told(entry: LogEntry, visibility: Visibility, *, matches: bool) -> EventRow:
    """An entry with what this viewer may not see left out."""
    has_actor = entry.actor_role is not None and not _hides_actor(entry, visibility)
    named = has_actor and (visibility.staff or entry.by_reporter)
    person = entry.actor_person_id
    return EventRow(
        seq=entry.seq,
        chain=entry.chain,
        kind=entry.kind,
        at=entry.at,
        report_id=entry.report_id,
        matches=matches,
        tombstone=False,
        report_visible=True,
        backfill=entry.backfill,
        actor_role=entry.actor_role if has_actor else None,
        actor_agency_id=entry.actor_agency_id if has_actor else None,
        actor_person_id=person if named else None,
        has_actor=has_actor,
        by_viewer=_is_by(entry, visibility),
        status=entry.status,
        previous_status=entry.previous_status,
        note=entry.note if visibility.staff or _note_is_public(entry) else None,
        comment_id=entry.comment_id,
        photo_id=entry.photo_id,
        other_report_id=entry.other_report_id,
        flood_area_id=entry.flood_area_id,
        flood_state=entry.flood_state,
        previous_flood_state=entry.previous_flood_state,
    )


def _is_by(entry: LogEntry, visibility: Visibility) -> bool:
    """Whether this person did it; who shows a report's follow token is its reporter."""
    if entry.actor_person_id is not None:
        return entry.actor_person_id == visibility.person_id
    return entry.by_reporter and entry.report_id in visibility.followed


def _hides_actor(entry: LogEntry, visibility: Visibility) -> bool:
    """*Anonim* hides the person from everybody; who supported or rated is hidden from the public."""
    if entry.anonymous and entry.by_reporter:
        return True
    return entry.kind in _ACTORLESS_IN_PUBLIC and not visibility.staff


def _note_is_public(entry: LogEntry) -> bool:
    if entry.kind != EventKind.STATUS_CHANGED or entry.previous_status is None:
        return False
    reopened = entry.status in OPEN_STATUSES and entry.previous_status not in OPEN_STATUSES
    return reopened or entry.status in _PUBLIC_NOTES


def _has_words(entry: LogEntry, query: SearchQuery) -> bool:
    """Whether the words that the report was told with match; the address counts for nobody, so that all agree."""
    words = json.loads(entry.words) if entry.words else {}
    tokens = field_tokens(words.get("title"), words.get("text"))
    return all(_has_phrase(tokens, phrase) for phrase in query.all_of) and not any(
        _has_phrase(tokens, phrase) for phrase in query.none_of
    )


def _has_phrase(tokens: list[str], phrase: Phrase) -> bool:
    size = len(phrase)
    return any(tuple(tokens[i : i + size]) == tuple(phrase) for i in range(len(tokens) - size + 1))
