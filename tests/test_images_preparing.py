"""Photos are prepared beside the hub: many at once, and whatever happens to the process doing it, the hub goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from domain import images
from domain.images import BrokenImage, ImageTooLarge, UnsupportedImage
from storage.photos import preparing
from storage.photos.preparing import PhotoPreparer, PreparingUnavailable
from tests import images as made

CHECKOUT = Path(__file__).resolve().parents[1]
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture
async def preparer() -> AsyncIterator[PhotoPreparer]:
    preparer = PhotoPreparer(at_once=2)
    yield preparer
    await preparer.close()


def picture_processes(parent: int | None = None) -> set[int]:
    """Running processes for pictures that this process (or that one) started."""
    children = Path(f"/proc/{parent or os.getpid()}/task").glob("*/children")
    return {int(pid) for path in children for pid in path.read_text().split() if runs(int(pid))}


def runs(pid: int) -> bool:
    """Whether this is a live process for pictures; dead ones that nobody waited for have no command line."""
    try:
        return b"picture_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def decodes(pid: int) -> bool:
    """Whether it holds more memory than without `slow_picture`: 45 MB when idle, 140 MB more at work."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except FileNotFoundError:
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > 120_000_000


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something about other processes."""
    async with asyncio.timeout(seconds):
        while not condition():
            await look_again()


async def look_again() -> None:
    """Other processes tell no events; so what waits for them looks every few milliseconds."""
    await asyncio.sleep(0.005)


def slow_picture() -> bytes:
    """About a second of work."""
    return made.encoded(Image.new("RGBA", (6000, 6000), (9, 9, 9, 9)), "PNG")


class TestPreparing:
    async def test_it_gives_what_prepare_gives(self, preparer: PhotoPreparer) -> None:
        for make in (made.jpeg, made.heic, made.png, made.webp):
            assert await preparer.prepare(make()) == images.prepare(make())

    async def test_refusals_come_through_with_kind_and_reason(self, preparer: PhotoPreparer) -> None:
        with pytest.raises(UnsupportedImage):
            await preparer.prepare(b"no picture")
        with pytest.raises(ImageTooLarge, match="at most 52,000,000"):
            await preparer.prepare(made.png_bomb())
        with pytest.raises(BrokenImage, match="JPEG picture cannot be decoded"):
            await preparer.prepare(made.truncated(made.jpeg()))
        assert (await preparer.prepare(made.jpeg())).width == made.SIZE[0]

    @needs_proc
    async def test_processes_start_when_needed_and_no_more_than_asked(self, preparer: PhotoPreparer) -> None:
        assert picture_processes() == set()
        photos = await asyncio.gather(*(preparer.prepare(made.plain_jpeg(turn % 8 + 1)) for turn in range(20)))
        assert len({photo.digest for photo in photos}) == len(
            {images.prepare(made.plain_jpeg(turn + 1)).digest for turn in range(8)}
        )
        assert 1 <= len(picture_processes()) <= 2

    async def test_ten_megabytes_pass_through_the_pipes(self, preparer: PhotoPreparer) -> None:
        photo = made.plain_jpeg()
        padded = photo + b"\0" * (images.MAX_BYTES - len(photo))
        assert await preparer.prepare(padded) == images.prepare(photo)


@needs_proc
class TestTrouble:
    async def test_a_picture_that_takes_too_long_is_given_up_and_the_next_is_fine(self) -> None:
        preparer = PhotoPreparer(at_once=1, seconds=0.3)
        await preparer.prepare(made.jpeg())
        (stuck,) = picture_processes()
        os.kill(stuck, signal.SIGSTOP)  # hangs, like a decoder in an endless loop
        with pytest.raises(ImageTooLarge, match=r"more than 0.3 seconds"):
            await preparer.prepare(made.jpeg())
        assert stuck not in picture_processes()
        assert (await preparer.prepare(made.jpeg())).width == made.SIZE[0]
        await preparer.close()

    async def test_a_process_that_died_in_between_is_not_noticed(self, preparer: PhotoPreparer) -> None:
        await preparer.prepare(made.jpeg())
        (idle,) = picture_processes()
        os.kill(idle, signal.SIGKILL)
        assert (await preparer.prepare(made.jpeg())).width == made.SIZE[0]

    async def test_a_process_killed_at_work_gets_a_successor_for_its_picture(self, preparer: PhotoPreparer) -> None:
        await preparer.prepare(made.jpeg())
        (first,) = picture_processes()
        os.kill(first, signal.SIGSTOP)
        task = asyncio.create_task(preparer.prepare(made.jpeg()))
        await asyncio.sleep(0)  # now the picture is on its way to the process that stands still
        os.kill(first, signal.SIGKILL)
        assert await task == images.prepare(made.jpeg())

    async def test_a_picture_that_crashes_its_decoder_twice_is_broken(self, preparer: PhotoPreparer) -> None:
        task = asyncio.create_task(preparer.prepare(slow_picture()))
        killed: set[int] = set()
        while not task.done():
            for pid in filter(decodes, picture_processes() - killed):
                os.kill(pid, signal.SIGSEGV)
                killed.add(pid)
            await look_again()
        assert len(killed) == 2
        with pytest.raises(BrokenImage, match="its decoder crashed"):
            await task
        assert (await preparer.prepare(made.jpeg())).width == made.SIZE[0]

    async def test_a_caller_who_leaves_takes_the_work_along(self, preparer: PhotoPreparer) -> None:
        task = asyncio.create_task(preparer.prepare(slow_picture()))
        await until(lambda: len(picture_processes()) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert picture_processes() == set()
        assert (await preparer.prepare(made.jpeg())).width == made.SIZE[0]


@needs_proc
class TestEnding:
    async def test_closing_ends_all_processes_and_what_they_were_at(self) -> None:
        preparer = PhotoPreparer(at_once=2)
        await preparer.prepare(made.jpeg())
        task = asyncio.create_task(preparer.prepare(slow_picture()))
        await asyncio.sleep(0)
        await preparer.close()
        with pytest.raises(PreparingUnavailable, match="stopping"):
            await task
        with pytest.raises(PreparingUnavailable):
            await preparer.prepare(made.jpeg())
        assert picture_processes() == set()

    async def test_closing_what_never_started_is_fine(self) -> None:
        await PhotoPreparer().close()

    async def test_a_hub_that_is_killed_leaves_no_process(self) -> None:
        script = """
import asyncio, sys
from storage.photos.preparing import PhotoPreparer
from tests import images as made
async def main():
    preparer = PhotoPreparer(at_once=1)
    await preparer.prepare(made.jpeg())
    print("ready", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
        hub = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
        )
        assert hub.stdout is not None and await hub.stdout.readline() == b"ready\n"
        (orphan,) = picture_processes(hub.pid)
        hub.kill()
        await hub.wait()
        await until(lambda: not runs(orphan))


class TestTheProcessItself:
    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test_a_server_run_as_a_script_is_not_run_again(self, tmp_path: Path, loop: str) -> None:
        """`multiprocessing` would import the script anew in each process; here it has not even a main guard."""
        (tmp_path / "photo").write_bytes(made.jpeg())
        server = tmp_path / "server.py"
        server.write_text(f"""
import asyncio, pathlib, sys
import {loop}
sys.path.insert(0, {str(CHECKOUT)!r})
from storage.photos.preparing import PhotoPreparer
print("started", flush=True)
async def main():
    preparer = PhotoPreparer()
    photo = await preparer.prepare(pathlib.Path("photo").read_bytes())
    print(photo.width, photo.height, flush=True)
    await preparer.close()
{loop}.run(main())
""")
        run = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "server.py"], cwd=tmp_path, capture_output=True, text=True
        )
        assert (run.stdout.split("\n"), run.stderr) == (["started", "96 64", ""], "")

    def test_it_loads_only_what_pictures_need(self) -> None:
        script = "import sys, storage.photos.picture_process; print(*sys.modules)"
        run = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True)
        loaded = set(run.stdout.split())
        assert {"domain.images", "PIL.Image", "pillow_heif"} <= loaded
        assert loaded.isdisjoint({"sqlalchemy", "strawberry", "graphql", "starlette", "pydantic", "asyncio", "shapely"})

    @needs_proc
    async def test_it_knows_no_secret_of_the_hub(
        self, preparer: PhotoPreparer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SIMPUL_DATABASE_URL", "postgresql://hub:secret@db/hub")
        await preparer.prepare(made.jpeg())
        (process,) = picture_processes()
        assert b"secret" not in environment(process)


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


TAKEN_OVER = """
import json, sys
from storage.photos.picture_process import FRAME, READY, _read_frame
frame = lambda data: sys.stdout.buffer.write(FRAME.pack(len(data)) + data)
facts = {"content_type": "image/jpeg", "thumbnail_content_type": "image/jpeg", "width": 1, "height": 1, "digest": ""}
frame(READY); sys.stdout.flush()
while _read_frame(sys.stdin.buffer) is not None:
    frame(json.dumps({**facts, CHANGED: "text/html"}).encode()); frame(b"<script>"); frame(b"<script>")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("changed", ["content_type", "thumbnail_content_type"])
async def test_a_decoder_that_was_taken_over_cannot_have_its_output_served_as_a_page(
    preparer: PhotoPreparer, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    script = TAKEN_OVER.replace("CHANGED", repr(changed))
    monkeypatch.setattr(preparing, "_COMMAND", (sys.executable, "-c", script))
    with pytest.raises(BrokenImage):
        await preparer.prepare(made.plain_jpeg())


def test_every_refusal_can_come_back_from_the_process() -> None:
    assert set(preparing._REFUSALS.values()) == set(images.ImageRefused.__subclasses__())
