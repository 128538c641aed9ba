"""Answers to HTTP/1.0, which knows no chunks (RFC 9112, 6.1): one whose length is not known ends with its connection."""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class UnchunkedCycle(RequestResponseCycle):
    """uvicorn's state of one request by HTTP/1.0, after which uvicorn closes the connection in any case."""

    _measured = True

    async def send(self, message: ASGISendEvent) -> None:
        """Say that a body has no length, which for uvicorn is one that is as long as each piece of it."""
        if message["type"] == "http.response.start":
            self._measured = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            self.chunked_encoding = None if self._measured else False
        elif message["type"] == "http.response.body" and not self._measured:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
