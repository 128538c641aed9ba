"""The parts of a multipart/form-data body as they come in: what a part holds is handed on piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from transport.door import BadRequest


class Upload:
    """One uploaded file: in memory while it is small, else in a temporary file that is gone after the request."""

    def __init__(self, filename: str, content_type: str, spool_bytes: int) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = 0
        self._spool_bytes = spool_bytes
        self._file = SpooledTemporaryFile(max_size=spool_bytes)  # noqa: SIM115  closed by Uploads

    async def write(self, data: bytes) -> None:
        """Append `data`; what goes to disk goes there off the event loop."""
        self.size += len(data)
        if self.size > self._spool_bytes:
            await asyncio.to_thread(self._file.write, data)
        else:
            self._file.write(data)

    async def read(self) -> bytes:
        """Return the whole content, as often as it is asked for."""
        return await asyncio.to_thread(self._read) if self.size > self._spool_bytes else self._read()

    def _read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Throw the content away."""
        self._file.close()


class Uploads:
    """The files of one request; closing throws them away."""

    def __init__(self) -> None:
        self._files: list[Upload] = []

    def new(self, filename: str, content_type: str, spool_bytes: int) -> Upload:
        """Start a file."""
        upload = Upload(filename, content_type, spool_bytes)
        self._files.append(upload)
        return upload

    def close(self) -> None:
        """Throw them away."""
        for file in self._files:
            file.close()


@dataclass(slots=True)
class PartHead:
    """What a part says of itself before its content."""

    name: str
    filename: str | None
    content_type: str


class PartTaker(Protocol):
    """Takes the parts in their order. Each method may raise BadRequest, which ends the reading."""

    async def begin(self, head: PartHead) -> None:
        """Start a part."""

    async def data(self, data: bytes) -> None:
        """Take a piece of the present part's content."""

    async def end(self) -> None:
        """Finish the present part."""


@dataclass(slots=True)
class _Pieces:
    """What the parser found in one chunk, in order; heads, contents, and None for the end of a part."""

    found: list[PartHead | bytes | None] = field(default_factory=list)
    ended: bool = False
    _name: bytes = b""
    _value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)

    def part_begin(self) -> None:
        self._headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise BadRequest("Each part of the body needs Content-Disposition: form-data with a name.")
        filename = options.get(b"filename")
        content_type = self._headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
        self.found.append(
            PartHead(_text(options[b"name"]), None if filename is None else _text(filename), content_type)
        )

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.found.append(data[start:end])

    def part_end(self) -> None:
        self.found.append(None)

    def end(self) -> None:
        self.ended = True


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


async def read_parts(content_type: str, body: AsyncIterator[bytes], taker: PartTaker) -> None:
    """Feed the parts of `body` to `taker`. Raises BadRequest for a body that is not what its content type says."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise BadRequest("multipart/form-data needs a boundary.")
    pieces = _Pieces()
    try:
        parser = _parser(boundary, pieces)
        async for chunk in body:
            parser.write(chunk)
            await _hand_on(pieces, taker)
    except FormParserError:
        raise BadRequest("The body is not well-formed multipart/form-data.") from None
    if not pieces.ended:
        raise BadRequest("The body ends before its last boundary.")


def _parser(boundary: bytes, pieces: _Pieces) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": pieces.part_begin,
            "on_header_field": pieces.header_field,
            "on_header_value": pieces.header_value,
            "on_header_end": pieces.header_end,
            "on_headers_finished": pieces.headers_finished,
            "on_part_data": pieces.part_data,
            "on_part_end": pieces.part_end,
            "on_end": pieces.end,
        },
    )


async def _hand_on(pieces: _Pieces, taker: PartTaker) -> None:
    found, pieces.found = pieces.found, []
    for piece in found:
        if piece is None:
            await taker.end()
        elif isinstance(piece, bytes):
            await taker.data(piece)
        else:
            await taker.begin(piece)
