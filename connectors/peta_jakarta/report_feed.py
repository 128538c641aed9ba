"""Reading reports: the archive in windows on a first sync (or after a very long absence), then the newest with a look-back."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Page, Raw
from connectors.errors import CannotMap
from connectors.future import FirstSeen
from connectors.peta_jakarta.client import PetaJakartaClient
from connectors.peta_jakarta.config import LONGEST_PERIOD, PetaJakartaConfig
from connectors.peta_jakarta.progress import Progress
from connectors.values import JAKARTA, moment

_AT_ONCE = 500
_ROUNDING = 600
"""The period asked for is rounded up to this many seconds, so that the address stays the same and an etag is of use."""


class ReportFeed:
    """The reports of one server, in either profile."""

    def __init__(self, client: PetaJakartaClient, config: PetaJakartaConfig, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._config = config
        self._clock = clock

    async def v3(self, progress: Progress) -> AsyncGenerator[Page, None]:
        """What is missing from the archive, then the newest reports."""
        self._plan_archive(progress)
        while progress.archive_until is not None and progress.archive_to is not None:
            yield await self._archive_window(progress, progress.archive_until, progress.archive_to)
        params = {"admin": self._config.admin, "geoformat": "geojson", "timeperiod": str(self._period(progress))}
        async for page in self._newest(progress, "reports", params):
            yield page

    async def v2(self, progress: Progress) -> AsyncGenerator[Page, None]:
        """The confirmed reports of the last two hours: v2 shows no more."""
        async for page in self._newest(progress, "reports/confirmed", {}):
            yield page

    def _plan_archive(self, progress: Progress) -> None:
        if progress.archive_until is not None:
            return  # a plan that was not finished is gone on with
        now = self._clock()
        read_at = progress.reports_read_at
        if read_at is None and self._config.backfill_days:
            progress.archive_until = now - timedelta(days=self._config.backfill_days)
            progress.archive_to, progress.archive_is_backfill = now, True
        elif read_at is not None and (now - read_at).total_seconds() + self._look_back > LONGEST_PERIOD:
            progress.archive_until = read_at - timedelta(seconds=self._look_back)
            progress.archive_to, progress.archive_is_backfill = now, False

    @property
    def _look_back(self) -> int:
        return self._config.look_back_seconds + _ROUNDING

    async def _archive_window(self, progress: Progress, start: datetime, to: datetime) -> Page:
        end = min(start + timedelta(hours=self._config.archive_window_hours), to)
        params = {"admin": self._config.admin, "geoformat": "geojson", "start": _written(start), "end": _written(end)}
        reading = await self._client.features("reports/archive", params)
        progress.archive_until = end if end < to else None
        if end >= to:
            progress.reports_read_at, progress.archive_to = to, None
        records = [Raw("report", {"feature": feature}) for feature in reading.value]
        return Page(records, progress.checkpoint(), progress.archive_is_backfill)

    def _period(self, progress: Progress) -> int:
        """Seconds to ask for: since the last reading, and the look-back before that."""
        since = progress.reports_read_at or self._clock()
        wanted = (self._clock() - since).total_seconds() + self._config.look_back_seconds
        return min(-(-int(wanted) // _ROUNDING) * _ROUNDING, LONGEST_PERIOD)

    async def _newest(self, progress: Progress, path: str, params: dict[str, str]) -> AsyncGenerator[Page, None]:
        now = self._clock()
        first = progress.reports_read_at is None or progress.archive_is_backfill
        reading = await self._client.features(path, params, progress.etags.get(_named(path, params)))
        records = [] if reading.unchanged else self._raw(reading.value, progress, now)
        progress.reports_read_at, progress.archive_is_backfill = now, False
        progress.etags = {key: etag for key, etag in progress.etags.items() if not key.startswith("reports")}
        progress.remember_etag(_named(path, params), reading.etag)
        for start in range(0, max(len(records), 1), _AT_ONCE):
            last = start + _AT_ONCE >= len(records)
            yield Page(records[start : start + _AT_ONCE], progress.checkpoint() if last else None, backfill=first)

    def _raw(self, features: list[Any], progress: Progress, now: datetime) -> list[Raw]:
        """Beside each report that is dated in the future, when it was first seen."""
        seen = progress.seen()
        records = []
        for feature in features:
            value = {"feature": feature}
            if (time := _first_seen(feature, seen, now)) is not None:
                value["seen_at"] = time
            records.append(Raw("report", value))
        progress.first_seen = seen.remembered()
        return records


def _first_seen(feature: Any, seen: FirstSeen, now: datetime) -> str | None:
    try:
        told = feature["properties"]
        return seen.time_for(str(told["pkey"]), moment(told["created_at"], "created_at", JAKARTA), now)
    except (CannotMap, KeyError, TypeError):
        return None  # map says what is wrong with it


def _named(path: str, params: dict[str, str]) -> str:
    return f"{path}:{params.get('timeperiod', '')}"


def _written(time: datetime) -> str:
    """As the archive wants it: no milliseconds, and Z, because a literal plus would have to be escaped."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
