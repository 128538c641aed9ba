"""Several processes that serve one port from one store, and the parent that looks after them."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from mmap import mmap
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory

from domain.shared_levels import BYTES, SharedLevels
from domain.sink import new_holder
from storage.sole_server import sole_server
from storage.together.seat import Seat
from transport.commands.command import run_told
from transport.configuration import Settings
from transport.listening import take_ports
from wiring.place import Place
from wiring.serving import Schema, serve
from wiring.supervising import Child, Ended, Supervisor, Tether


def serve_together(settings: Settings, greet: Callable[[str], None], *, demo_speed: float | None) -> int:
    """Serves in as many processes as the settings say, until SIGINT or SIGTERM; gives the code to exit with.

    The first is started alone: it brings the store up to date. `demo_speed`: as for `serve_alone`.
    """
    with ExitStack() as stack:
        taken = take_ports(settings.host, settings.port, settings.workers)
        for each in taken:
            stack.enter_context(each)
        folder = _meeting_place(settings, stack)
        schema = Schema(settings)
        supervisor = stack.enter_context(Supervisor().at_work())
        try:
            if demo_speed is not None:
                settings = _with_city(settings, demo_speed, taken, supervisor)
            family = _Family(settings, schema, taken, folder, demo=demo_speed is not None)
            first, *others = (Child(f"worker {n}", partial(family.work, n)) for n in range(settings.workers))
            supervisor.start(first)
            supervisor.start(*others)
            greet(first.said)
            supervisor.watch()
        except Ended as ended:
            return ended.code
        finally:
            _close(taken)  # else whoever comes while they stop would wait for nobody
    return 0


def _meeting_place(settings: Settings, stack: ExitStack) -> Path:
    """Where the processes find one another. PostgreSQL's may share the data folder with another hub's."""
    if settings.store_url.startswith("sqlite"):
        Seat(settings.data_dir).require_short_path()  # told once and now, not by each process again and again
        stack.enter_context(sole_server(settings.data_dir))
        return settings.data_dir
    return Path(stack.enter_context(TemporaryDirectory(prefix="simpul-")))


class _Family:
    """What all of them share."""

    def __init__(
        self, settings: Settings, schema: Schema, taken: Sequence[socket.socket], folder: Path, *, demo: bool
    ) -> None:
        self._settings, self._schema, self._taken, self._folder = settings, schema, taken, folder
        self._demo = demo
        self._name = new_holder()
        self._levels = SharedLevels(memoryview(mmap(-1, BYTES)), token_bytes(16))  # mapped by all that are forked

    def work(self, number: int, child: Child, tether: Tether) -> int:
        """The life of one that serves; its exit code."""
        _sign_the_log(child.name)
        _close(self._taken, but=self._taken[number])
        place = Place(
            number=number,
            of=self._settings.workers,
            folder=self._folder,
            holder=self._holder(number, child.starts),
            before=self._holder(number, child.starts - 1) if child.starts > 1 else None,
            levels=self._levels,
        )
        return run_told(self._serve(place, tether))

    def _holder(self, number: int, start: int) -> str:
        return f"{self._name}:{number}:{start}"

    async def _serve(self, place: Place, tether: Tether) -> None:
        _stop_with_the_parent(tether)
        taken = self._taken[place.number]  # nobody is lost who waits there while a dead process is replaced
        await serve(self._settings, self._schema, taken, tether.tell, demo=self._demo, place=place)


def _close(taken: Sequence[socket.socket], but: socket.socket | None = None) -> None:
    for each in taken:
        if each is not but:
            each.close()


def _with_city(settings: Settings, speed: float, taken: Sequence[socket.socket], supervisor: Supervisor) -> Settings:
    """Has a process of its own keep the city, which runs once however many serve."""
    from wiring.demonstration import with_city

    keeper = Child("the demonstration city's keeper", partial(_keep_city, settings, speed, taken), outlives=True)
    supervisor.start(keeper)
    return with_city(settings, json.loads(keeper.said))


def _keep_city(settings: Settings, speed: float, taken: Sequence[socket.socket], _child: Child, tether: Tether) -> int:
    _close(taken)
    return run_told(_keeping(settings, speed, tether))


async def _keeping(settings: Settings, speed: float, tether: Tether) -> None:
    from wiring.demonstration import city

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    _stop_with_the_parent(tether)
    async with city(settings, speed) as told:
        tether.tell(json.dumps(told))
        await stop.wait()


def _stop_with_the_parent(tether: Tether) -> None:
    """A parent that was killed cannot tell anybody to stop: its end of the pipe is closed then."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(tether.parent)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(tether.parent, stop)


def _sign_the_log(name: str) -> None:
    """Lines of the log tell whose they are."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s"))
