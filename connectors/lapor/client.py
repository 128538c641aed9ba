"""Reading LAPOR: an export from a folder or an address, and the list of topics."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from connectors.errors import NotAuthorised, NotUnderstood, SourceUnavailable
from connectors.http import HttpClient
from connectors.lapor.config import LaporConfig
from domain.records import JSON
from domain.sink import SourceError

_TOPICS = "api/services/f01/gettopics"


@dataclass(frozen=True, slots=True)
class Export:
    """An export file and the marks by which it is known again: its digest, and what its server (or folder) says of it."""

    data: bytes
    marks: Mapping[str, str]


class LaporClient:
    """Asks one LAPOR, or one folder."""

    def __init__(self, config: LaporConfig, http: HttpClient) -> None:
        self._config = config
        self._http = http

    async def export(self, known: Mapping[str, JSON]) -> Export | None:
        """The export; None if it is the one with the known marks. Raises SourceFailure."""
        path = self._config.export or ""
        found = await (self._over_http(path, known) if self._config.export_is_address else self._from_file(path, known))
        if found is None or found.marks["digest"] == known.get("digest"):
            return None
        return found

    async def topics(self) -> list[JSON]:
        """LAPOR's list of topics. Raises SourceFailure."""
        key = self._config.key_token.get_secret_value() if self._config.key_token else ""
        body = urlencode({"KEYTOKEN": key}).encode()
        address = f"{self._config.base_url}/{_TOPICS}"
        answer = await self._http.post(address, body, "application/x-www-form-urlencoded")
        value = await answer.json()
        if not isinstance(value, list):
            raise NotUnderstood(f"{address} answered no list of topics")
        return value

    async def _over_http(self, address: str, known: Mapping[str, JSON]) -> Export | None:
        headers = {}
        for mark, header in (("etag", "If-None-Match"), ("last_modified", "If-Modified-Since")):
            if known.get(mark):
                headers[header] = str(known[mark])
        if self._config.export_authorization:
            headers["Authorization"] = self._config.export_authorization.get_secret_value()
        answer = await self._http.get(address, headers=headers, max_bytes=self._limit)
        if answer.unchanged:
            return None
        if answer.body.lstrip()[:1] == b"<":
            raise NotUnderstood(f"{answer.url} answered HTML where CSV was expected")
        told = {"etag": answer.headers.get("ETag", ""), "last_modified": answer.headers.get("Last-Modified", "")}
        return await _marked(answer.body, {name: mark for name, mark in told.items() if mark})

    @property
    def _limit(self) -> int:
        return int(self._config.export_max_megabytes * 1_000_000)

    async def _from_file(self, path: str, known: Mapping[str, JSON]) -> Export | None:
        try:
            return await asyncio.to_thread(_read_file, Path(path), known, self._limit)
        except PermissionError as fault:
            raise NotAuthorised(f"{path} may not be read") from fault
        except OSError as fault:
            raise SourceUnavailable(f"{path} cannot be read: {fault.strerror}", SourceError.REFUSED) from fault


def _read_file(path: Path, known: Mapping[str, JSON], limit: int) -> Export | None:
    about = path.stat()
    stamp = f"{about.st_mtime_ns}-{about.st_size}"
    if stamp == known.get("stamp"):
        return None
    if about.st_size > limit:
        raise SourceUnavailable(f"{path} is larger than {limit} bytes", SourceError.TOO_LARGE)
    data = path.read_bytes()
    return Export(data, {"digest": hashlib.sha256(data).hexdigest(), "stamp": stamp})


async def _marked(data: bytes, told: dict[str, str]) -> Export:
    digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
    return Export(data, {"digest": digest, **told})
