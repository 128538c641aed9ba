"""Headers that every answer of the site carries, so that no browser makes more of it than it is.

What an answer says for itself stays: pages have a policy of their own, photos may be shown by other sites.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Data is never a page, is put into nobody's frame, and is not loaded by other sites but through CORS."""


_RAW = tuple((name.lower().encode(), value.encode()) for name, value in SAFE.items())


class SafeHeaders:
    """An application whose every HTTP answer, refusals and failures included, has these headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Answers pass here, so nothing is answered past ASGI's messages (server/whole.py)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.pop("extensions", None)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _RAW if each[0] not in told)]
            await send(message)

        await self._app(scope, receive, send_safely)
