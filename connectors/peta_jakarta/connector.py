"""Peta Jakarta's connector: flood areas first, since they grow stale soonest, then gauges, then reports."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from connectors.base import Connector, Identity, Page, Raw, utc_now
from connectors.errors import CannotMap, NotUnderstood, SourceFailure
from connectors.json_steps import Unread
from connectors.manifest import Capability
from connectors.parts import Parts
from connectors.peta_jakarta.client import PetaJakartaClient, Reading
from connectors.peta_jakarta.config import PetaJakartaConfig
from connectors.peta_jakarta.floods import area_of, cut_states, state_of, states_of
from connectors.peta_jakarta.gauges import cut_gauges, gauge_of
from connectors.peta_jakarta.handing_on import hand_on
from connectors.peta_jakarta.manifest import MANIFEST
from connectors.peta_jakarta.progress import Progress
from connectors.peta_jakarta.report_feed import ReportFeed
from connectors.peta_jakarta.reports import report_of
from domain.records import JSON, Record
from domain.sink import Submission, SubmissionRefused, Submitted

_AREAS_AT_ONCE = 50
_AREAS_RETRY = timedelta(minutes=10)
_AREAS_RETRY_POLLS = 3
"""Outlines that could not be read are asked for again after so many polls: they are large, but states go on without them."""


class PetaJakarta(Connector[PetaJakartaConfig]):
    """One Peta Jakarta server. Its checkpoint is described in progress.py."""

    manifest = MANIFEST
    config_type = PetaJakartaConfig

    def __init__(
        self,
        identity: Identity,
        config: PetaJakartaConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(identity, config, transport, clock)
        self._client = PetaJakartaClient(config, self.http)
        self._last_states: Any = None
        self._areas_failure: SourceFailure | None = None
        self._areas_failed_at = datetime.min.replace(tzinfo=UTC)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Handing on only where a key for it is set."""
        all_of_profile = super().capabilities
        return all_of_profile if self.config.submit_key else all_of_profile - {Capability.SUBMIT}

    async def fetch(self, checkpoint: Mapping[str, JSON] | None) -> AsyncGenerator[Page, None]:
        """Areas where due, states, gauges, reports; see Connector.fetch."""
        progress = Progress.of(checkpoint)
        parts = Parts()
        v3 = self.config.profile == "v3"
        feed = ReportFeed(self._client, self.config, self.clock)
        for part in (
            *((self._floods(progress),) if v3 else ()),
            self._gauges(progress),
            feed.v3(progress) if v3 else feed.v2(progress),
        ):
            async for page in parts.pages(part):
                yield page
        if self._areas_failure:
            parts.failures.append(self._areas_failure)
        parts.finish()

    def map(self, raw: Raw) -> Sequence[Record]:
        """One raw record of any kind; see Connector.map."""
        match raw.kind:
            case "report":
                return report_of(raw.value, self.config.profile, self.config.admin)
            case "flood_states":
                return (states_of(raw.value),)
            case "flood_area":
                return (area_of(raw.value),)
            case "gauge":
                return (gauge_of(raw.value, self.config.profile),)
            case "flood_state":
                state_of(raw.value)
                return ()  # readable by now, but of a moment that is past: the next reading tells what holds
            case _:
                raise CannotMap(f"no record of Peta Jakarta is called {raw.kind!r}")

    async def submit(self, submission: Submission) -> Submitted:
        """Hands one flood report on, where a key for it is set."""
        if Capability.SUBMIT not in self.capabilities:
            raise SubmissionRefused("handing reports on to Peta Jakarta is not configured")
        return await hand_on(submission, self.config, self.http, self.clock)

    async def _floods(self, progress: Progress) -> AsyncGenerator[Page, None]:
        """Outlines where they are due or an area is unknown, then the states of all areas that are flooded."""
        now = self.clock()
        reading = await self._states(progress)
        if not isinstance(reading.value, list):  # taking it for an empty list would declare the whole city dry
            raise NotUnderstood("floods/states answered no list of states")
        records, named = cut_states(reading.value, now)
        if self._areas_due(progress, named, now):
            try:
                async for page in self._areas(progress, named):
                    yield page
            except SourceFailure as fault:  # told at the end of the fetch: the states are worth more than the outlines
                self._areas_failure, self._areas_failed_at = fault, now
        self._last_states = reading.value
        progress.remember_etag("states", reading.etag)
        yield Page(records, progress.checkpoint())

    async def _states(self, progress: Progress) -> Reading:
        """What was said last, where nothing changed: it was read again just now all the same."""
        etag = progress.etags.get("states") if self._last_states is not None else None
        params = {"admin": self.config.admin, "minimum_state": "1"}
        reading = await self._client.result("floods/states", params, etag)
        return Reading(self._last_states, etag) if reading.unchanged else reading

    def _areas_due(self, progress: Progress, named: set[str], now: datetime) -> bool:
        few_polls = timedelta(seconds=_AREAS_RETRY_POLLS * self.config.poll_seconds)
        if now - self._areas_failed_at < min(_AREAS_RETRY, few_polls):
            return False
        age_limit = timedelta(seconds=self.config.areas_refresh_seconds)
        too_old = progress.areas_read_at is None or now - progress.areas_read_at >= age_limit
        return too_old or bool(named - progress.areas)

    async def _areas(self, progress: Progress, named: set[str]) -> AsyncGenerator[Page, None]:
        """All outlines. Without minimum_state every area comes, flooded or not."""
        params = {"admin": self.config.admin, "geoformat": "geojson"}
        reading = await self._client.outlines("floods", params, progress.etags.get("floods"))
        features = reading.value or []
        for start in range(0, len(features), _AREAS_AT_ONCE):
            some = await asyncio.to_thread(_read, features[start : start + _AREAS_AT_ONCE])
            named = named | {ref for feature in some if (ref := _area_ref(feature))}
            yield Page([Raw("flood_area", feature) for feature in some])
        progress.remember_etag("floods", reading.etag)
        progress.areas |= named
        progress.areas_read_at = self.clock()
        self._areas_failure = None

    async def _gauges(self, progress: Progress) -> AsyncGenerator[Page, None]:
        v2 = self.config.profile == "v2"
        path = "infrastructure/floodgauges" if v2 else "floodgauges"
        params = {} if v2 else {"admin": self.config.admin, "geoformat": "geojson"}
        reading = await self._client.features(path, params, progress.etags.get("gauges"))
        progress.remember_etag("gauges", reading.etag)
        if not reading.unchanged:
            yield Page(cut_gauges(reading.value, self.config.profile), progress.checkpoint())


def _read(features: list[Any]) -> list[JSON]:
    return [feature.read() if isinstance(feature, Unread) else feature for feature in features]


def _area_ref(feature: Any) -> str | None:
    told = feature.get("properties") if isinstance(feature, dict) else None
    ref = told.get("area_id") if isinstance(told, dict) else None
    return str(ref) if isinstance(ref, str | int) else None
