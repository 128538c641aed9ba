"""An answer in one body on its way out, with headers that are made once for all answers that are alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Receive, Scope, Send

from transport.http.answers import VARY, caching
from transport.safe_headers import SAFE
from transport.server.whole import whole_of

RawHeaders = tuple[tuple[bytes, bytes], ...]


def raw(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    """Return headers as ASGI has them."""
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)


@dataclass(frozen=True, slots=True)
class Common:
    """Headers that many answers have in common: in ASGI's form, and as they are written."""

    headers: RawHeaders
    lines: bytes


@lru_cache(200)
def common(method: str, media_type: str | None, coding: str | None, *, private: bool, refusal: bool = False) -> Common:
    """Return what an answer of this type tells (None: it has no body), who may keep it, and what it depends on."""
    told = {"cache-control": caching(method, private=private, refusal=refusal), "vary": VARY, **SAFE}
    if media_type is not None:
        told["content-type"] = f"{media_type}; charset=utf-8"
    if coding is not None:
        told["content-encoding"] = coding
    headers = raw(told.items())
    return Common(headers, _lines(headers))


def _lines(headers: RawHeaders) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


@dataclass(slots=True)
class Reply:
    """An ASGI application that answers with this: `more` are its own headers; without a body (None) it has no length."""

    status: int
    common: Common
    body: bytes | None
    more: RawHeaders = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, in one piece where the server takes that."""
        whole = whole_of(scope)
        if whole is not None:
            await whole.answer(self.status, self.lines(), self.body or b"")
            return
        headers = [*self.common.headers, *self.more]
        if self.body is not None:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body or b""})

    def lines(self) -> bytes:
        """Return all headers as they are written."""
        lines = self.common.lines if not self.more else self.common.lines + _lines(self.more)
        return lines if self.body is None else b"%scontent-length: %d\r\n" % (lines, len(self.body))
