"""`domain.images.prepare` off the event loop, in processes that may crash, hang or be killed without harm to the hub.

Why processes, why these and not `multiprocessing`: docs/decisions/photos.md, with numbers.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from pathlib import Path

from domain.image_errors import BrokenImage, ImageRefused, ImageTooLarge, UnsupportedImage
from domain.image_recognition import recognise
from domain.photo import KEPT_CONTENT_TYPES, PreparedPhoto
from storage.photos.fair_turns import FairTurns, Promise
from storage.photos.picture_frames import FRAME, READY

_CHECKOUT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-W", "ignore", "-m", "storage.photos.picture_process")
_LARGEST_FRAME = 100_000_000  # 4096 x 4096 pixels cannot encode to more, so more is not an answer
_SECONDS_TO_START = 60.0
_ATTEMPTS = 2
_REFUSALS: dict[str, type[ImageRefused]] = {
    refusal.__name__: refusal for refusal in (UnsupportedImage, BrokenImage, ImageTooLarge)
}

# Secrets of the hub come in environment variables; a process that strangers may take over gets none of them.
_PASSED_ON = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
)

log = logging.getLogger(__name__)


class PreparingUnavailable(Exception):
    """No process for pictures can be started, or the preparer is closed: the hub's trouble, not the picture's."""


class _ProcessGone(Exception):
    """The process ended, or spoke nonsense, in the middle of a picture."""


class PhotoPreparer:
    """Prepares photos, `at_once` at a time, each within `seconds`; the others wait their turn, client by client.

    Processes are started when first needed and kept. One that crashes or takes too long is replaced; because it may
    have been killed for another's sake (memory), its picture is tried once more before it is called broken.
    """

    def __init__(self, at_once: int | None = None, seconds: float = 30.0) -> None:
        self._turns = FairTurns(at_once or min(4, os.cpu_count() or 1))
        self._seconds = seconds
        self._idle: list[_PictureProcess] = []
        self._running: set[_PictureProcess] = set()
        self._closed = False

    async def prepare(self, data: bytes) -> PreparedPhoto:
        """As `domain.images.prepare`; raises ImageRefused, and PreparingUnavailable when no process can be had."""

        async def read() -> bytes:
            return data

        recognise(data)  # what is no picture at all waits for no turn
        return await self._prepare(read, self._turns.taken(""))

    def waiting(self, client: str) -> int:
        """How many photos of this client wait."""
        return self._turns.waiting(client)

    def promised(self, client: str, photos: int, most: int) -> AbstractContextManager[Promise]:
        """Turns for so many photos, for the length of a block. Raises TooManyWait where more than `most` were then owed."""
        return self._turns.promised(client, photos, most)

    async def prepare_read(self, read: Callable[[], Awaitable[bytes]], promise: Promise) -> PreparedPhoto:
        """As `prepare`, in one of the promised turns; only then is the photo read: those that wait would fill the memory."""
        return await self._prepare(read, promise.taken())

    async def _prepare(
        self, read: Callable[[], Awaitable[bytes]], turn: AbstractAsyncContextManager[None]
    ) -> PreparedPhoto:
        async with turn:
            data = await read()
            recognise(data)  # what is no picture at all costs no process
            outcome = await self._outcome(data)
        if isinstance(outcome, ImageRefused):
            raise outcome
        return outcome

    async def close(self) -> None:
        """End all processes. Pictures being prepared meanwhile end in PreparingUnavailable."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(self._discard(process) for process in list(self._running)))

    async def _outcome(self, data: bytes) -> PreparedPhoto | ImageRefused:
        for _ in range(_ATTEMPTS):
            try:
                async with self._process() as process, asyncio.timeout(self._seconds):
                    return await process.exchange(data)
            except TimeoutError:
                return ImageTooLarge(f"preparing it took more than {self._seconds:g} seconds")
            except _ProcessGone as gone:
                log.warning("the process for pictures ended at a picture of %d bytes: %s", len(data), gone)
        return BrokenImage("its decoder crashed")

    @asynccontextmanager
    async def _process(self) -> AsyncIterator["_PictureProcess"]:
        """A process for one picture; kept for the next unless the picture, or its caller, was given up."""
        process = await self._take()
        try:
            yield process
        except BaseException:  # cancelled, too: half an exchange leaves the pipes unusable
            await self._discard(process)
            raise
        self._idle.append(process)

    async def _take(self) -> "_PictureProcess":
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await self._discard(process)
        self._require_open()
        process = await _PictureProcess.start()
        self._running.add(process)
        try:
            self._require_open()  # it may have been closed while the process started
        except PreparingUnavailable:
            await self._discard(process)
            raise
        return process

    def _require_open(self) -> None:
        if self._closed:
            raise PreparingUnavailable("photos are not prepared any more: the hub is stopping")

    async def _discard(self, process: "_PictureProcess") -> None:
        self._running.discard(process)
        await process.kill()


class _PictureProcess:
    """One running `picture_process` and the hub's ends of its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._to, self._from = process.stdin, process.stdout

    @classmethod
    async def start(cls) -> "_PictureProcess":
        """Start one and wait until it is ready; raises PreparingUnavailable."""
        started = cls(await _spawn())
        try:
            async with asyncio.timeout(_SECONDS_TO_START):
                if await started._frame() != READY:
                    raise _ProcessGone("it said something else than that it is ready")
        except (TimeoutError, _ProcessGone) as error:
            await started.kill()
            raise PreparingUnavailable(f"the process for pictures does not start: {error}") from error
        except BaseException:
            await started.kill()
            raise
        return started

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.returncode is None

    async def exchange(self, data: bytes) -> PreparedPhoto | ImageRefused:
        """Hand over an upload and get what became of it; raises _ProcessGone."""
        try:
            self._to.write(FRAME.pack(len(data)))
            self._to.write(data)
            await self._to.drain()
        except ConnectionError as error:
            raise _ProcessGone("it takes no more input") from error
        return _outcome(await self._frame(), await self._frame(), await self._frame())

    async def kill(self) -> None:
        """End it at once and wait until it is gone."""
        if self.alive:
            self._process.kill()
        await self._process.wait()

    async def _frame(self) -> bytes:
        try:
            (length,) = FRAME.unpack(await self._from.readexactly(FRAME.size))
            if length > _LARGEST_FRAME:
                raise _ProcessGone(f"it announced {length} bytes")
            return await self._from.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _ProcessGone("its output ended") from error


async def _spawn() -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        return await asyncio.create_subprocess_exec(
            *_COMMAND,
            cwd=_CHECKOUT,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the hub's to handle; it ends its processes itself
        )
    except OSError as error:
        raise PreparingUnavailable(f"the process for pictures does not start: {error}") from error


def _outcome(header: bytes, data: bytes, thumbnail: bytes) -> PreparedPhoto | ImageRefused:
    try:
        facts = json.loads(header)
        if "refused" in facts:
            return _REFUSALS[facts["refused"]](str(facts["reason"]))
        photo = PreparedPhoto(data=data, thumbnail_data=thumbnail, **facts)
        # Whoever takes over a decoder must not choose what the hub serves its bytes as.
        if {photo.content_type, photo.thumbnail_content_type} <= KEPT_CONTENT_TYPES:
            return photo
    except (ValueError, TypeError, LookupError) as error:
        raise _ProcessGone("its answer cannot be read") from error
    raise _ProcessGone("it calls its output no photo")
