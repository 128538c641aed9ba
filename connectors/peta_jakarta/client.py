"""Peta Jakarta's endpoints: its envelope, its empty answers and its two ways of writing geometry, made one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import NotUnderstood, SourceRefused, SourceUnavailable
from connectors.http import Answer, HttpClient
from connectors.peta_jakarta.config import PetaJakartaConfig
from connectors.peta_jakarta.topojson import features_of_topology, is_topology
from domain.records import JSON
from domain.sink import SourceError

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Reading:
    """What one endpoint said. `unchanged`: as when `etag` was given. Cached answers of v3 carry no etag."""

    value: JSON
    etag: str | None
    unchanged: bool = False


class PetaJakartaClient:
    """Asks one server, in the profile of its configuration."""

    def __init__(self, config: PetaJakartaConfig, http: HttpClient) -> None:
        self._config = config
        self._http = http

    async def features(self, path: str, params: Mapping[str, str], etag: str | None = None) -> Reading:
        """An endpoint's GeoJSON features, whatever it wrote: FeatureCollection, `features: null`, or TopoJSON."""
        return await self._collected(await self.result(path, params, etag), path)

    async def outlines(self, path: str, params: Mapping[str, str], etag: str | None = None) -> Reading:
        """As `features`, for an answer of many megabytes: its features may come as `Unread`."""
        limit = int(self._config.areas_max_megabytes * 1_000_000)
        reading = await self.result(path, params, etag, max_bytes=limit, unread="features")
        return await self._collected(reading, path)

    async def _collected(self, reading: Reading, path: str) -> Reading:
        if reading.unchanged:
            return reading
        return Reading(await asyncio.to_thread(_features, reading.value, path), reading.etag)

    async def result(
        self,
        path: str,
        params: Mapping[str, str],
        etag: str | None = None,
        *,
        max_bytes: int | None = None,
        unread: str | None = None,
    ) -> Reading:
        """What an endpoint says, out of its envelope."""
        answer = await self._http.get(
            f"{self._config.base_url}/{path}",
            params,
            headers={"If-None-Match": etag} if etag else None,
            also=(_NOT_FOUND,) if self._config.profile == "v3" else (),
            max_bytes=max_bytes,
        )
        if answer.unchanged:
            return Reading(None, etag, unchanged=True)
        value = await answer.json(unread)
        told = answer.headers.get("ETag")
        return Reading(self._opened(answer, value), told)

    def _opened(self, answer: Answer, value: JSON) -> JSON:
        if self._config.profile == "v2":
            return _of_v2(answer, value)
        if not isinstance(value, dict):
            raise NotUnderstood(f"{answer.url} answered without the envelope of v3")
        if answer.status == _NOT_FOUND and value.get("found") is not False:
            raise SourceRefused(
                f"{answer.url} does not exist there"
            )  # the address is wrong, rather than the list empty
        if "result" not in value:
            raise NotUnderstood(f"{answer.url} answered an envelope without a result")
        return value["result"]


def _of_v2(answer: Answer, value: JSON) -> JSON:
    """v2 has no envelope, and says 204 with an empty body when its database fails; no reports are `features: null`."""
    if value is None:
        raise SourceUnavailable(f"{answer.url} answered {answer.status} without a body", SourceError.SERVER_ERROR)
    return value


def _features(value: JSON, path: str) -> list[Any]:
    """The list of features; a miss (null) and `features: null` are empty."""
    if value is None:
        return []
    try:
        found = features_of_topology(value) if is_topology(value) else value.get("features", "missing")
    except (ValueError, AttributeError) as fault:
        raise NotUnderstood(f"{path}: {fault}") from fault
    if found is None:
        return []
    if not isinstance(found, list):
        raise NotUnderstood(f"{path} answered no collection of features")
    return found
