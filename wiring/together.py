"""Several processes that serve one port from one store, and the parent that looks after them."""

import asyncio
import gc
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
from storage.sqlite.sole_server import sole_server
from storage.together.seat import Seat
from transport.commands.command import run_told
from transport.greeting import greeting
from transport.server.ports import take_ports
from transport.settings.configuration import Settings
from wiring.children import Child, Tether
from wiring.ear import Ear
from wiring.place import Place
from wiring.serving import Schema, serve
from wiring.supervising import Ended, Supervisor

log = logging.getLogger("simpul.processes")

_AS_MANY_ARE_NAMED = 16
"""Processes that the greeting names one by one."""


def serve_together(settings: Settings, greet: Callable[[str], None], *, demo_speed: float | None, tokens: bool) -> int:
    """Serves in as many processes as the settings say, until SIGINT or SIGTERM; gives the code to exit with.

    The first is started alone: it brings the store up to date. The rest is as for `serve_alone`.
    """
    _warn_of_too_many(settings.workers)
    with ExitStack() as stack:
        taken = take_ports(settings.host, settings.port, settings.workers)
        for each in taken:
            stack.enter_context(each)
        folder = _meeting_place(settings, stack)
        schema = Schema(settings)
        supervisor = stack.enter_context(Supervisor(settings.hang_seconds).at_work())
        try:
            if demo_speed is not None:
                settings = _with_city(settings, demo_speed, taken, supervisor)
            family = _Family(settings, schema, taken, folder)
            first, *others = (Child(_name(n), partial(family.work, n)) for n in range(settings.workers))
            supervisor.start(first)
            supervisor.start(*others)
            greet(_greeting(settings, taken, [first, *others], demo=demo_speed is not None, tokens=tokens))
            supervisor.watch()
        except Ended as ended:
            return ended.code
        finally:
            _close(taken)  # else whoever comes while they stop would wait for nobody
    return 0


def _meeting_place(settings: Settings, stack: ExitStack) -> Path:
    """Where the processes find one another. PostgreSQL's may share the data folder with another hub's."""
    file = settings.embedded_file
    if file is not None:
        Seat(file.parent).require_short_path()  # told once and now, not by each process again and again
        stack.enter_context(sole_server(file.parent))
        return file.parent
    return Path(stack.enter_context(TemporaryDirectory(prefix="simpul-")))


def _warn_of_too_many(workers: int) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers > cores:
        words = "%d processes on %d cores: each costs memory, and more than there are cores serve no faster"
        log.warning(words, workers, cores)


def _greeting(
    settings: Settings, taken: Sequence[socket.socket], children: Sequence[Child], *, demo: bool, tokens: bool
) -> str:
    address = settings.address(taken[0].getsockname()[1])
    key = bytes.fromhex(children[0].said) if tokens else None
    return greeting(address, key, demo=demo, issuer=settings.oidc_issuer, processes=_processes(settings, children))


def _processes(settings: Settings, children: Sequence[Child]) -> str:
    """Which processes serve, and which of them writes. The log tells of changes."""
    first = children[0]
    told = f"{len(children)} serve"
    if len(children) <= _AS_MANY_ARE_NAMED:
        told += f": {', '.join(str(child.pid) for child in children)}"
    if settings.embedded_file is None:
        return f"{told}; each writes"
    return f"{told}; {first.pid} writes" if first.ready and first.starts == 1 else told


class _Family:
    """What all of them share."""

    def __init__(self, settings: Settings, schema: Schema, taken: Sequence[socket.socket], folder: Path) -> None:
        self._settings, self._schema, self._taken, self._folder = settings, schema, taken, folder
        self._name = new_holder()
        self._levels = SharedLevels(memoryview(mmap(-1, BYTES)), token_bytes(16))  # mapped by all that are forked

    def work(self, number: int, child: Child, tether: Tether) -> int:
        """The life of one that serves; its exit code."""
        _sign_the_log(child.name)
        return run_told(self._serve(number, child.starts, tether))

    async def _serve(self, number: int, start: int, tether: Tether) -> None:
        taken, mine = self._taken[number], f"{self._name}:{number}:"
        place = Place(
            number=number,
            of=self._settings.workers,
            folder=self._folder,
            holder=f"{mine}{start}",
            before=mine if start > 1 else None,
            levels=self._levels,
            neighbours={_name(n): each for n, each in enumerate(self._taken) if each is not taken},
            ear=Ear(tether),
            leave=tether.leave,
        )
        await serve(self._settings, self._schema, taken, lambda key: tether.tell(key.hex()), place)


def _name(number: int) -> str:
    return f"process {number}"  # not "worker": that is what hands reports on, and watches deadlines


def _close(taken: Sequence[socket.socket]) -> None:
    for each in taken:
        each.close()


def _with_city(settings: Settings, speed: float, taken: Sequence[socket.socket], supervisor: Supervisor) -> Settings:
    """Has a process of its own keep the city, which runs once however many serve."""
    from wiring.demonstration import with_city

    keeper = Child("the demonstration city's keeper", partial(_keep_city, settings, speed, taken), outlives=True)
    supervisor.start(keeper)
    return with_city(settings, json.loads(keeper.said))


def _keep_city(settings: Settings, speed: float, taken: Sequence[socket.socket], _child: Child, tether: Tether) -> int:
    _close(taken)
    gc.enable()
    return run_told(_keeping(settings, speed, tether))


async def _keeping(settings: Settings, speed: float, tether: Tether) -> None:
    from wiring.demonstration import city

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    Ear(tether)
    async with city(settings, speed) as told:
        tether.tell(json.dumps(told))
        await stop.wait()


def _sign_the_log(name: str) -> None:
    """Lines of the log tell whose they are."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s"))
