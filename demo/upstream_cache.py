"""The cache that Peta Jakarta's server may have switched on: what it keeps, and the headers it forgets."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from demo.city import City
from demo.wire import with_etag

Handler = Callable[[Request], Awaitable[Response]]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class UpstreamCache:
    """Keeps whole answers of 200 by their full address, for so long by the city's clock, when switched on."""

    def __init__(self, city: City, on: bool) -> None:
        self._city = city
        self._on = on
        self._kept: dict[str, tuple[datetime, bytes]] = {}

    def keeping(self, duration: timedelta, handler: Handler) -> Handler:
        """The handler with this cache before it.

        An answer from the cache is the bare body: no Content-Type, no ETag, no Cache-Control, and If-None-Match is not
        looked at. A fresh one has its ETag, honours If-None-Match and, where the cache is on, says how long it is kept.
        """

        async def cached(request: Request) -> Response:
            key, now = str(request.url), self._city.now()
            kept = self._kept.get(key)
            if self._on and kept and now < kept[0]:
                return Response(kept[1])
            answer = await handler(request)
            if self._on and answer.status_code == 200:
                self._kept[key] = (now + duration, bytes(answer.body))
                answer.headers["cache-control"] = f"max-age={int(duration.total_seconds())}"
            return with_etag(request, answer)

        return cached
