"""The feeds on reports, found by what an entry of the log may tell them: by filter, by class of viewers, by person."""

from collections.abc import Iterable, Iterator

from domain.visibility import Visibility
from domain.vocabulary import EventKind
from resolvers.filter_index import FilterIndex
from resolvers.interests import ReportInterest, class_of
from resolvers.log_feed import LogFeed, Track
from storage.events.facets import Facets
from storage.events.reading import LogEntry


class ReportFeeds:
    """Feeds on reports that are judged on places of one kind: by filter; those of a person's own reports by the person."""

    def __init__(self, *, true_places: bool) -> None:
        self._true_places = true_places
        self._index: FilterIndex[LogFeed] = FilterIndex(true_places=true_places)
        self._classes: dict[Visibility, _Class] = {}
        self._created_only = 0
        self._of_kinds = 0  # the bits of those that want certain kinds alone
        self._kinds: dict[str, int] = {}
        self._own: dict[tuple[str, int], set[LogFeed]] = {}

    def track_of(self, interest: ReportInterest) -> Track:
        """The track of the reader's class; of one who reads his own reports one that knows of his hidden ones too."""
        found = self._classes.setdefault(class_of(interest.reader.visibility), _Class(interest)).track
        return Track(found) if interest.reader.own else found

    def add(self, feed: LogFeed, interest: ReportInterest) -> None:
        """File a feed. `track_of` was asked before."""
        self._classes[class_of(interest.reader.visibility)].feeds += 1
        if interest.reader.own:
            self._classes[class_of(interest.reader.visibility)].own.add(feed)
            for key in _owned_by(interest):
                self._own.setdefault(key, set()).add(feed)
            return
        bit = self._index.add(feed, interest.reader.filter)
        self._classes[class_of(interest.reader.visibility)].bits |= bit
        if interest.reader.created_only:
            self._created_only |= bit
        if interest.reader.kinds is not None:
            self._of_kinds |= bit
            for kind in interest.reader.kinds:
                self._kinds[kind] = self._kinds.get(kind, 0) | bit

    def remove(self, feed: LogFeed, interest: ReportInterest) -> None:
        """Take a feed out."""
        of_class = self._classes[class_of(interest.reader.visibility)]
        of_class.feeds -= 1
        if not of_class.feeds:
            del self._classes[class_of(interest.reader.visibility)]
        if interest.reader.own:
            of_class.own.discard(feed)
            for key in _owned_by(interest):
                self._own[key].discard(feed)
                if not self._own[key]:
                    del self._own[key]
            return
        bit = self._index.remove(feed)
        of_class.bits &= ~bit
        self._created_only &= ~bit
        self._of_kinds &= ~bit
        for kind in interest.reader.kinds or ():
            self._kinds[kind] &= ~bit

    def concerned(self, entry: LogEntry) -> Iterable[LogFeed]:
        """Those that may have something to tell of an entry about a report: few more than have."""
        bits = self._bits(entry)
        found = set(self._index.keys(bits)) if bits else set()
        for each in self._classes.values():
            if each.own and each.loses(entry):
                found |= each.own
        for key in _owners(entry):
            found |= self._own.get(key, set())
        return found

    def _bits(self, entry: LogEntry) -> int:
        """Where a class loses sight of the report all are told who keep a list; else those whose filter it matches now,
        or did before."""
        now = then = None
        found = 0
        for each in self._classes.values():
            if not each.bits or not each.reader.knows(entry):
                continue
            if each.loses(entry):
                found |= each.bits & ~self._created_only
                continue
            now = self._matching_now(entry) if now is None else now
            found |= each.bits & now
            if each.reader.saw(entry.before):
                then = self._matching_then(entry) if then is None else then
                found |= each.bits & then
        return found

    def _matching_now(self, entry: LogEntry) -> int:
        assert entry.report_id is not None and entry.after is not None
        bits = self._index.allowing(entry.report_id, entry.after)
        if self._of_kinds:
            bits &= ~self._of_kinds | self._kinds.get(entry.kind, 0)
        return bits if entry.kind == EventKind.CREATED else bits & ~self._created_only

    def _matching_then(self, entry: LogEntry) -> int:
        """Where nothing that filters ask for has changed, none is left that did not match as well."""
        assert entry.report_id is not None and entry.before is not None
        if entry.before == entry.after:
            return 0
        anywhere = entry.before.public_place_withheld and not self._true_places
        return self._index.allowing(entry.report_id, entry.before, anywhere=anywhere) & ~self._created_only

    def move(self, entry: LogEntry) -> None:
        """Have the tracks of all who may know of the entry stand on it."""
        for each in self._classes.values():
            if each.reader.knows(entry):
                each.track.move(entry)
        for key in _owners(entry) if self._own else ():
            for feed in self._own.get(key, ()):
                if feed.interest.knows(entry):
                    feed.track.move(entry)


class _Class:
    """The readers of one class of viewers: their bits, and how far they may know that the log goes."""

    def __init__(self, interest: ReportInterest) -> None:
        self.reader = interest.reader.of_class()
        self.track = Track()
        self.bits = self.feeds = 0
        self.own: set[LogFeed] = set()
        """Those of persons' own reports."""

    def loses(self, entry: LogEntry) -> bool:
        """Whether a report leaves the sight of the class with an entry."""
        return self.reader.knows(entry) and not self.reader.saw(entry.after)


def _owned_by(interest: ReportInterest) -> Iterator[tuple[str, int]]:
    visibility = interest.reader.visibility
    if visibility.person_id is not None:
        yield "person", visibility.person_id
    for report_id in visibility.followed:
        yield "report", report_id


def _owners(entry: LogEntry) -> set[tuple[str, int]]:
    """Whose report an entry is about."""
    sides: list[Facets] = [side for side in (entry.before, entry.after) if side is not None]
    found = {("person", side.reporter_id) for side in sides if side.reporter_id is not None}
    return found | ({("report", entry.report_id)} if entry.report_id is not None else set())
