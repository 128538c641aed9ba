"""The process that decodes strangers' pictures: reads one after another from its standard input, answers on the output.

Started by `storage/photos/preparing.py` as `python -m storage.photos.picture_process`; it imports `domain.images`, how
the two speak (picture_frames.py), and nothing else of the hub. It ends when its input does, so it never outlives the hub,
not even one that was killed.
"""

import json
import os
import sys
from typing import BinaryIO

import pillow_heif

from domain.images import ImageRefused, PreparedPhoto, prepare
from storage.photos.picture_frames import FRAME, READY

MEMORY_LIMIT = 1_500_000_000
"""Most bytes of address space. The costliest allowed picture, a WebP of 52 million pixels, takes about 1.1 GB."""

_NICENESS = 5  # decoding yields to the hub's event loop where cores are few


def main() -> None:
    """Prepare pictures until the standard input ends."""
    source, target = sys.stdin.buffer, _private_stdout()
    _limit_resources()
    _write_frame(target, READY)
    target.flush()
    while (data := _read_frame(source)) is not None:
        for part in _answer(data):
            _write_frame(target, part)
        target.flush()


def _private_stdout() -> BinaryIO:
    """Standard output for frames only: whatever a library prints goes to standard error instead."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return target


def _limit_resources() -> None:
    pillow_heif.options.DECODE_THREADS = 1  # so many pictures at once is the hub's choice, so many cores too
    if sys.platform == "win32":
        return
    import resource

    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not leave a citizen's picture in a core file
    if sys.platform == "linux":  # elsewhere the limit is refused or not obeyed
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def _answer(data: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        photo = prepare(data)
    except ImageRefused as refusal:
        return _json({"refused": type(refusal).__name__, "reason": refusal.reason}), b"", b""
    return _json(_facts(photo)), photo.data, photo.thumbnail_data


def _facts(photo: PreparedPhoto) -> dict[str, object]:
    return {
        "content_type": photo.content_type,
        "width": photo.width,
        "height": photo.height,
        "thumbnail_content_type": photo.thumbnail_content_type,
        "digest": photo.digest,
    }


def _json(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode()


def _read_frame(source: BinaryIO) -> bytes | None:
    head = source.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    (length,) = FRAME.unpack(head)
    data = source.read(length)
    return data if len(data) == length else None


def _write_frame(target: BinaryIO, data: bytes) -> None:
    target.write(FRAME.pack(len(data)))
    target.write(data)


if __name__ == "__main__":
    main()
