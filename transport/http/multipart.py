"""GraphQL multipart requests: files as variables (https://github.com/jaydenseric/graphql-multipart-request-spec).

The parts come in this order: `operations` (the GraphQL request, null where a file goes; or a batch of them), `map` (for each
file the paths it goes to), then the files. 400 for what cannot be read, 422 for parts that contradict the map, 413 for what
is too much.
"""

from typing import Any

from starlette.requests import Request

from transport.door import BadRequest
from transport.http.parts import PartHead, Upload, Uploads, read_parts
from transport.http.request import Batch, Parameters, asked_of, decode, limited_body, too_large
from transport.settings.door_limits import DoorSettings

__all__ = ["Upload", "Uploads", "read_multipart"]


async def read_multipart(request: Request, settings: DoorSettings, uploads: Uploads) -> Parameters | Batch:
    """Read a POST of multipart/form-data: each file is in the variables where the map says. Raises BadRequest."""
    taker = _Taker(settings, uploads)
    body = limited_body(request, settings.multipart_bytes, settings.body_seconds, "multipart_bytes")
    await read_parts(request.headers["content-type"], body, taker)
    return taker.asked()


class _Taker:
    """Understands the parts as they come, so that what contradicts is refused before the files are read."""

    def __init__(self, settings: DoorSettings, uploads: Uploads) -> None:
        self._settings = settings
        self._uploads = uploads
        self._text = bytearray()  # grows in place, however small the pieces that it comes in
        self._part = ""
        self._operations: Any = None
        self._asked: Parameters | Batch | None = None
        self._paths: dict[str, list[str]] | None = None
        self._file: Upload | None = None

    async def begin(self, head: PartHead) -> None:
        self._part = head.name
        if self._asked is None:
            _expect(head.name, "operations", "first")
        elif self._paths is None:
            _expect(head.name, "map", "second")
        else:
            self._begin_file(head, self._paths)

    async def data(self, data: bytes) -> None:
        if self._file is None:
            self._text += data
            if len(self._text) > self._settings.body_bytes:
                raise too_large(f"`{self._part}`", "body_bytes", self._settings.body_bytes, len(self._text))
            return
        await self._file.write(data)
        if self._file.size > self._settings.upload_bytes:
            most = self._settings.upload_bytes
            raise too_large(f"The file `{self._part}`", "upload_bytes", most, self._file.size)

    async def end(self) -> None:
        text, self._text = bytes(self._text), bytearray()
        if self._asked is None:
            self._operations = decode(text, "`operations` is not JSON.")
            self._asked = asked_of(self._operations, self._settings)
        elif self._paths is None:
            self._paths = self._read_map(decode(text, "`map` is not JSON."))
        self._file = None

    def asked(self) -> Parameters | Batch:
        """Return the request when all parts are in. Raises BadRequest when some are owed."""
        if self._asked is None or self._paths is None:
            raise BadRequest("A multipart request needs the parts `operations` and `map`.")
        if self._paths:
            raise _contradiction(f"These files are in the map but not in the body: {', '.join(sorted(self._paths))}.")
        return self._asked

    def _read_map(self, paths: Any) -> dict[str, list[str]]:
        if not isinstance(paths, dict) or not all(_is_list_of_text(value) for value in paths.values()):
            raise BadRequest("`map` must be an object of lists of paths.")
        most = self._settings.upload_count
        if len(paths) > most:
            message = f"At most {most} files may come in one request; these are {len(paths)}."
            raise BadRequest(message, status=413, limited="upload_count", limit=most, value=len(paths))
        all_paths = [path for mapped in paths.values() for path in mapped]
        if len(set(all_paths)) < len(all_paths):
            raise _contradiction("A path is in the map twice.")
        for path in all_paths:
            holder, key = _place(self._operations, path)
            if holder[key] is not None:
                raise _contradiction(f"Where a file goes there must be null: {path} has something else.")
        return paths

    def _begin_file(self, head: PartHead, paths: dict[str, list[str]]) -> None:
        mapped = paths.pop(head.name, None)
        if mapped is None:
            raise _contradiction(f"The part `{head.name}` is not in the map, or came twice.")
        if head.filename is None:
            raise _contradiction(f"The part `{head.name}` is in the map but is no file.")
        self._file = self._uploads.new(head.filename, head.content_type, self._settings.spool_bytes)
        for path in mapped:
            holder, key = _place(self._operations, path)
            holder[key] = self._file


def _place(operations: Any, path: str) -> tuple[Any, Any]:
    """Find the dict or list, and the key in it, that `path` names. Raises BadRequest (422) when there is none."""
    names = path.split(".")
    # In a batch a path begins with the operation's number.
    within = names[1:] if isinstance(operations, list) else names
    if len(within) < 2 or within[0] != "variables":
        raise _contradiction(f"A file can only go into the variables, not to {path}.")
    holder: Any = operations
    key: Any = None
    for position, name in enumerate(names):
        key = int(name) if isinstance(holder, list) and name.isascii() and name.isdecimal() and len(name) < 7 else name
        if not _has(holder, key):
            raise _contradiction(f"The map names a path that is not in the operations: {path}.")
        if position < len(names) - 1:
            holder = holder[key]
    return holder, key


def _has(holder: Any, key: Any) -> bool:
    if isinstance(holder, list):
        return isinstance(key, int) and key < len(holder)
    return isinstance(holder, dict) and key in holder


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _expect(name: str, wanted: str, position: str) -> None:
    if name != wanted:
        raise BadRequest(f"The {position} part of a multipart request must be `{wanted}`, not `{name}`.")


def _contradiction(message: str) -> BadRequest:
    return BadRequest(message, status=422)
