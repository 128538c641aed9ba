"""Fetching the photos that a source's reports tell of: few at a time, bounded in size, never from inside our network."""

import asyncio
import logging
from urllib.parse import urljoin, urlsplit

import httpx

from connectors.addresses import ForbiddenAddress, checked_address
from connectors.base import Connector
from connectors.config import SourceConfig
from connectors.errors import ConnectorError, NotUnderstood, SourceFailure, SourceRefused
from connectors.http import USER_AGENT, failure_of, read_body
from connectors.schedule import Policy
from domain.sink import Sink, SourceError, WantedPhoto

logger = logging.getLogger(__name__)

_REDIRECTS = 3
_FOR_GOOD = (SourceError.REJECTED, SourceError.TOO_LARGE, SourceError.NOT_UNDERSTOOD)


class PhotoFetcher:
    """Brings the photos of one source. `at_once` is shared by all sources of the process."""

    def __init__(
        self, connector: Connector[SourceConfig], sink: Sink, policy: Policy, at_once: asyncio.Semaphore
    ) -> None:
        self._connector = connector
        self._sink = sink
        self._policy = policy
        self._at_once = at_once
        self.fetched = 0
        self.failed = 0

    async def fetch_wanted(self) -> int:
        """Fetches what the store wants now. Gives how many were tried."""
        wanted = await self._sink.wanted_photos(self._connector.code, self._policy.photos_at_once * 5)
        await asyncio.gather(*(self._fetch_one(photo) for photo in wanted))
        return len(wanted)

    async def _fetch_one(self, photo: WantedPhoto) -> None:
        async with self._at_once:
            try:
                data = await self._download(photo.url)
            except (ForbiddenAddress, OSError, ConnectorError) as fault:
                await self._give_up(photo, fault)
                return
            await self._sink.photo_arrived(photo, data)
            self.fetched += 1

    async def _give_up(self, photo: WantedPhoto, fault: Exception) -> None:
        self.failed += 1
        for_good = isinstance(fault, ForbiddenAddress) or (
            isinstance(fault, SourceFailure) and fault.error in _FOR_GOOD and fault.retry_after is None
        )
        final = for_good or photo.attempts + 1 >= self._policy.photo_attempts
        logger.info("photo not fetched", extra={"source": photo.source, "reason": str(fault), "final": final})
        await self._sink.photo_failed(photo, final=final)

    async def _download(self, url: str) -> bytes:
        for _ in range(_REDIRECTS + 1):
            answer = await self._ask(url)
            if isinstance(answer, bytes):
                return answer
            url = _redirected(url, answer)
        raise SourceRefused("the photo redirects too often")

    async def _ask(self, url: str) -> bytes | str:
        """The photo's bytes, or the address that it redirects to."""
        config = self._connector.config
        address = await checked_address(url, config.base_url)
        try:
            async with asyncio.timeout(config.timeout_seconds), self._client() as client:
                request = _to_checked_address(client, url, address)
                response = await client.send(request, stream=True)
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        # UnicodeError: httpx reads where it is redirected to.
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as fault:
            raise failure_of(fault, urlsplit(url).netloc) from fault

    async def _read(self, response: httpx.Response) -> bytes | str:
        if response.has_redirect_location:
            return response.headers["Location"]
        body = await read_body(response, int(self._policy.photo_megabytes * 1_000_000))
        if not body or body.lstrip()[:1] == b"<":
            raise NotUnderstood("no picture, but an empty or an HTML page")
        return body

    def _client(self) -> httpx.AsyncClient:
        config = self._connector.config
        return httpx.AsyncClient(
            transport=self._connector.transport,
            timeout=httpx.Timeout(config.read_timeout_seconds, connect=config.connect_timeout_seconds),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            trust_env=False,
        )


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as fault:
        raise NotUnderstood("the photo redirects to no address") from fault


def _to_checked_address(client: httpx.AsyncClient, url: str, address: str) -> httpx.Request:
    """A request for `url` that connects to `address`, but names, and proves by TLS, the host that the url names."""
    told = httpx.URL(url)
    request = client.build_request("GET", told.copy_with(host=address), headers={"Host": told.netloc.decode()})
    request.extensions = {**request.extensions, "sni_hostname": told.host}
    return request
