"""How fast somebody may go who has not signed in, and what looks like abuse.

Buckets of tokens in memory, one a kind of act and an address (as an HMAC): they fill with time and each act takes one.
The processes of one machine share them (domain/shared_levels.py); N machines let through N times as much at worst: good
enough against a script, and no store is asked. What is refused is told (RATE_LIMITED), logged and recorded as suspicion;
nothing is dropped in silence.
"""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

from domain.recent import Recent
from domain.shared_levels import SharedLevels
from resolvers.context import Context, HubSettings
from resolvers.errors import RateLimited
from resolvers.viewer import Viewer
from storage.access.suspicions import Suspicion, SuspicionKind, suspect
from storage.errors import StoreError
from storage.store import Store
from storage.writing.transaction import Operation, Tx

log = logging.getLogger("simpul.pace")

REMEMBERED = 50_000
"""How many addresses (and texts) are remembered of a kind; the one that was quiet longest is forgotten first."""

BURST_REPORTS, BURST_SECONDS = 5, 60.0
"""So many reports from one address within so many seconds look like a machine's; they are accepted and noted."""

SAME_TEXT_TIMES, SAME_TEXT_SECONDS = 3, 3600.0
"""The same words so often within so many seconds, from whomever, are noted."""

_NOTED_EVERY = 10.0  # seconds between two writes of one refused address's suspicion; in between they are counted


class Buckets:
    """Buckets of `size` tokens that fill up in `seconds`; one for each name that was seen lately."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float]) -> None:
        self._size, self._per_second, self._clock = size, size / seconds, clock
        self._left: Recent[str, tuple[float, float]] = Recent(REMEMBERED)

    def take(self, name: str) -> float:
        """Takes a token: 0.0, or how many seconds until there is one."""
        now = self._clock()
        left, at = self._left.get(name) or (float(self._size), now)
        left = min(self._size, left + (now - at) * self._per_second)
        allowed = left >= 1
        self._left.put(name, (left - 1 if allowed else left, now))
        return 0.0 if allowed else (1 - left) / self._per_second


class SharedBuckets(Buckets):
    """Buckets that all processes of a machine take from. `kind` tells them from others of the same names."""

    def __init__(self, levels: SharedLevels, kind: str, size: int, seconds: float) -> None:
        super().__init__(size, seconds, time.monotonic)
        self._levels, self._kind = levels, kind

    def take(self, name: str) -> float:
        """See Buckets."""
        level = self._levels.level(f"{self._kind} {name}", self._size, self._per_second)
        left = level.left
        if left < 1:
            return (1 - left) / self._per_second
        level.left = left - 1
        return 0.0


class Repeats:
    """How often something was seen within the last so many seconds."""

    def __init__(self, seconds: float, most: int, clock: Callable[[], float]) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._seen: Recent[str, deque[float]] = Recent(REMEMBERED)

    def count(self, name: str) -> int:
        """Sees it once more, and gives how often that is now (never more than is remembered of one)."""
        now = self._clock()
        times = self._seen.get(name) or deque(maxlen=self._most)
        times.append(now)
        while times[0] < now - self._seconds:
            times.popleft()
        self._seen.put(name, times)
        return len(times)


@dataclass(frozen=True, slots=True)
class _Limit:
    """So many within so many seconds. `name` is its setting's, for programs; `words` tell people what is counted."""

    name: str
    words: str
    most: int
    seconds: float

    def refusal(self, seconds: int) -> RateLimited:
        """What whoever has had as many is told: which limit it was, and when to come again."""
        told = f"At most {self.most:,} {self.words}: try again in {seconds} s."
        return RateLimited(told, float(seconds), limited=self.name, limit=self.most, value=self.most + 1)


def _limits_of(settings: HubSettings) -> dict[SuspicionKind, _Limit]:
    reports, acts = settings.anonymous_reports_per_hour, settings.anonymous_acts_per_minute
    codes = settings.code_lookups_per_minute
    return {
        SuspicionKind.TOO_MANY_REPORTS: _Limit(
            "anonymous_reports_per_hour", "reports an hour without signing in", reports, 3600.0
        ),
        SuspicionKind.TOO_MANY_ACTS: _Limit(
            "anonymous_acts_per_minute", "mutations a minute without signing in", acts, 60.0
        ),
        SuspicionKind.TOO_MANY_CODES: _Limit("code_lookups_per_minute", "look-ups by code a minute", codes, 60.0),
    }


@dataclass(slots=True)
class _Refused:
    """Refusals of one address that are not written yet."""

    at: float
    times: int


class Pace:
    """The limits of one process. Staff and people with an account are trusted with acts; look-ups by code are limited for all.

    Without a store suspicions go to the log alone; with `levels` the buckets are those of all processes of a machine.
    """

    def __init__(
        self,
        store: Store | None = None,
        settings: HubSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        levels: SharedLevels | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._limits = _limits_of(settings or HubSettings(public_url=""))
        self._buckets = {
            kind: Buckets(limit.most, limit.seconds, clock)
            if levels is None
            else SharedBuckets(levels, kind, limit.most, limit.seconds)
            for kind, limit in self._limits.items()
        }
        self._bursts = Repeats(BURST_SECONDS, BURST_REPORTS, clock)
        self._texts = Repeats(SAME_TEXT_SECONDS, SAME_TEXT_TIMES, clock)
        self._said: Recent[tuple[SuspicionKind, str], float] = Recent(REMEMBERED)
        self._refused: Recent[tuple[SuspicionKind, str], _Refused] = Recent(REMEMBERED)

    async def act(self, viewer: Viewer) -> None:
        """Somebody calls a mutation. Raises RateLimited."""
        if viewer.anonymous:
            await self._limit(SuspicionKind.TOO_MANY_ACTS, viewer)

    async def submission(self, viewer: Viewer) -> None:
        """Somebody submits a report that is in order. Raises RateLimited."""
        if viewer.anonymous:
            await self._limit(SuspicionKind.TOO_MANY_REPORTS, viewer)

    async def code_lookup(self, viewer: Viewer) -> None:
        """Somebody looks a report up by its code: who guesses codes has to guess slowly. Raises RateLimited."""
        await self._limit(SuspicionKind.TOO_MANY_CODES, viewer)

    def suspicions_of(self, viewer: Viewer, words: Sequence[str]) -> list[Suspicion]:
        """What looks odd about a report with these words (stems) that is about to be accepted."""
        who, found = client_name(viewer), []
        if viewer.anonymous and self._bursts.count(who) >= BURST_REPORTS:
            found.append(Suspicion(SuspicionKind.BURST, who, f"{BURST_REPORTS} reports in {BURST_SECONDS:g} s"))
        digest = hashlib.sha256(" ".join(words).encode()).hexdigest()
        if self._texts.count(digest) >= SAME_TEXT_TIMES:
            detail = f"the same words {SAME_TEXT_TIMES} times in {SAME_TEXT_SECONDS:g} s"
            found.append(Suspicion(SuspicionKind.SAME_TEXT, who, detail))
        for suspicion in found:
            self._say(suspicion)
        return found

    def _say(self, suspicion: Suspicion) -> None:
        """Tells the log, but of one kind and address not more often than every ten seconds: each has its row anyway."""
        now, key = self._clock(), (suspicion.kind, suspicion.who)
        said = self._said.get(key)
        if said is None or now - said >= _NOTED_EVERY:
            self._said.put(key, now)
            log.warning("suspicion: %s by %s: %s", suspicion.kind, suspicion.who, suspicion.detail)

    async def _limit(self, kind: SuspicionKind, viewer: Viewer) -> None:
        who = client_name(viewer)
        wait = self._buckets[kind].take(who)
        if not wait:
            return
        await self._note(kind, who)
        raise self._limits[kind].refusal(max(1, ceil(wait)))

    async def _note(self, kind: SuspicionKind, who: str) -> None:
        """Writes a refusal down, in the log and the store, but one address's not more often than every ten seconds: refusing
        must stay cheap, and whoever is refused a thousand times must not hide the log's other lines."""
        now, key = self._clock(), (kind, who)
        waiting = self._refused.get(key)
        if waiting is not None and now - waiting.at < _NOTED_EVERY:
            waiting.times += 1
            return
        times = 1 if waiting is None else waiting.times + 1
        self._refused.put(key, _Refused(now, 0))
        log.warning("suspicion: %s by %s: refused, %d times since it was last said", kind, who, times)
        if self._store is None:
            return
        suspicion = Suspicion(kind, who, "refused", times)
        try:
            await self._store.write(Operation(partial(_suspect, suspicion), frozenset({f"suspicion:{who}"})))
        except StoreError:
            log.warning("a suspicion could not be recorded", exc_info=True)


def _suspect(suspicion: Suspicion, tx: Tx) -> None:
    suspect(tx, suspicion)


class _Unlimited(Pace):
    """For a hub that sets no limits: tools and tests of other things."""

    def __init__(self) -> None:
        pass

    async def _limit(self, kind: SuspicionKind, viewer: Viewer) -> None:
        return

    def suspicions_of(self, viewer: Viewer, words: Sequence[str]) -> list[Suspicion]:
        """Nothing looks odd."""
        return []


_UNLIMITED = _Unlimited()


def pace_of(ctx: Context) -> Pace:
    """The limits that this operation is under."""
    pace = ctx.parts.pace
    return _UNLIMITED if pace is None else pace


def client_name(viewer: Viewer) -> str:
    """Whose pace it is: the address's for somebody anonymous, else the person's or partner's."""
    return viewer.client if viewer.anonymous else viewer.scope
