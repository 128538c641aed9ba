"""Workloads that are more than requests and answers: subscribers, growth, processes side by side, the start."""

import base64
import os
import random
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import stores
from bench.marks import MANY
from bench.measuring import Figures, Rounds, in_a_process, in_turns, load
from bench.processes import cpu_of
from bench.report import say
from bench.scenarios import HUB_IN_TESTS, SCENARIOS
from bench.servers import Server, running, start
from bench.shared_facts import write_facts
from bench.workloads import STREAM, pages, submissions

SUBSCRIBERS, EVENTS = 2_000, 50
PAGE = 4096
"""Bytes of a page of SQLite."""


def streams(options: Namespace) -> Rounds:
    """W4: 2,000 subscribers of one operation, 50 events; ms from the commit to the last of them."""
    say(f"W4: {SUBSCRIBERS:,} subscribers, {EVENTS} events, from the commit to the last subscriber")
    names = [name for name in ("hub", "mercurius", "yoga", "strawberry") if not options.peers or name in options.peers]
    submits = [base64.b64encode(each).decode() for each in submissions(5_000)]

    def measure(server: Server) -> Figures:
        events = EVENTS if server.name != "strawberry" else max(3, EVENTS // 10)
        del submits[:100]
        return _listened(server, SUBSCRIBERS, events, submits)

    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        begun: list[Server] = []
        with running(begun):
            _start_all(names, Path(folder), options, begun)
            return in_turns(begun, measure, options.rounds, say)


def many_subscribers(options: Namespace) -> Rounds:
    """10,000 subscribers on one process of the hub; the memory of each is told."""
    say(f"W4 10,000: {MANY:,} subscribers on one process")
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        begun: list[Server] = []
        with running(begun):
            _start_all(["hub"], Path(folder), options, begun)
            (hub,) = begun
            submits = [base64.b64encode(each).decode() for each in submissions(20)]
            few = _listened(hub, 1, 5, submits)
            figures = _listened(hub, MANY, 5, submits)
            kilobytes = (figures.megabytes - few.megabytes) * 1000 / (MANY - 1)
            say(f"  memory of an idle subscriber: {kilobytes:.1f} kB; the last of {MANY:,} after {figures.p50:.0f} ms")
            return {"hub, one subscriber": [few], "hub": [figures]}


def _listened(server: Server, subscribers: int, events: int, submits: Sequence[str]) -> Figures:
    """`rate` is deliveries a second, the memory that of the server with all subscribers on it."""
    job = {
        "port": server.port,
        "store": f"{server.store}/simpul.db",
        "subscribers": subscribers,
        "events": events,
        "query": STREAM,
        "submits": submits[: events + 1],
        "processes": server.processes,
    }
    told = in_a_process("bench.listeners", job)
    if told["lost"]:
        raise RuntimeError(f"{server.name} lost {told['lost']} of {subscribers} subscribers")
    lasts = sorted(told["lasts"])
    cpu = told["cpu"] * 1000 / told["deliveries"]
    worst = lasts[min(len(lasts) - 1, int(len(lasts) * 0.99))]
    half = statistics.median(lasts)
    return Figures(subscribers * 1000 / half, half, worst, cpu, told["resident"] / 1e6)


def _start_all(names: Sequence[str], folder: Path, options: Namespace, begun: list[Server]) -> None:
    original = stores.city(options.reports, Path(options.stores))
    facts = {"BENCH_FACTS": str(write_facts(folder))}
    for name in names:
        settings = HUB_IN_TESTS if name == "hub" else facts
        begun.append(start(name, stores.copy(original, folder / name), folder, settings))


def growth(options: Namespace) -> Rounds:
    """The hub alone: W1, W2 and W6 on 100,000 reports and on a hundred times as many, in turns; its memory; and what the
    machine itself takes for a page of each file."""
    large = options.reports * 100
    say(f"growth: W1, W2, W6 on {options.reports:,} and on {large:,} reports")
    small_store = stores.city(options.reports, Path(options.stores))
    large_store = stores.city(large, Path(options.stores), log=False)
    found: Rounds = {}
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        for scenario in SCENARIOS:
            if scenario.name not in ("W1", "W2", "W6"):
                continue
            begun: list[Server] = []
            with running(begun):
                for name, original in (("small", small_store), ("large", large_store)):
                    at = Path(folder) / f"{scenario.name}-{name}"
                    store = stores.linked(original, at) if name == "large" else stores.copy(original, at)
                    begun.append(start("hub", store, Path(folder), HUB_IN_TESTS))
                    begun[-1].name = f"{scenario.name} {name}"
                for name, original in (("small", small_store), ("large", large_store)):
                    _read_through(original)
                    found.setdefault(f"a page, {name}", []).append(_page_reads(original))
                asked = {
                    begun[0].name: scenario.requests("hub", small_store),
                    begun[1].name: scenario.requests("hub", large_store),
                }
                rounds = in_turns(begun, partial(_asked, asked, options), options.rounds, say)
                found |= rounds
                for server in begun:
                    held = server.resident / 1e6
                    found[server.name] = [replace(each, megabytes=held) for each in found[server.name]]
    return found


def _read_through(store: Path) -> None:
    """Has the system keep the file, as far as it has room: compared is the work, and not whose pages it let go of last."""
    with store.open("rb") as file:
        while file.read(1 << 24):
            pass


def _page_reads(store: Path) -> Figures:
    """What a page of the file costs that the system has in memory, one after the other and anywhere in it: where this differs
    between the two files, it is the machine that grows and not the hub."""
    count = store.stat().st_size // PAGE
    chance = random.Random(1)
    took: list[float] = []
    with store.open("rb", buffering=0) as file:
        began = time.process_time()
        for _ in range(5_000):
            at, asked = chance.randrange(count) * PAGE, time.perf_counter()
            os.pread(file.fileno(), PAGE, at)
            took.append((time.perf_counter() - asked) * 1000)
        cpu = time.process_time() - began
    took.sort()
    half = statistics.median(took)
    return Figures(1000 / half, half, took[len(took) * 99 // 100], cpu * 1000 / len(took))


def _asked(requests: Mapping[str, Sequence[bytes]], options: Namespace, server: Server) -> Figures:
    return load(server, requests[server.name], 16, options.seconds, options.warm)


def workers(options: Namespace) -> Rounds:
    """W6 on one process and on two, both held to two cores; where there are no more, the load shares one of them."""
    say("two workers: W6, one process of the hub and two")
    original = stores.city(options.reports, Path(options.stores))
    requests = next(each for each in SCENARIOS if each.name == "W6").requests("hub", original)
    both = {0, 1}
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        begun: list[Server] = []
        with running(begun):
            for name, arguments in (("one worker", ()), ("two workers", ("--workers", "2"))):
                store = stores.copy(original, Path(folder) / name)
                begun.append(start("hub", store, Path(folder), HUB_IN_TESTS, arguments, cores=both))
                begun[-1].name = name
            return in_turns(
                begun, lambda server: load(server, requests, 32, options.seconds, options.warm), options.rounds, say
            )


def beginning(options: Namespace) -> Rounds:
    """From the start of the process to its first answer, and what it holds then."""
    say("start: from the process's start to its first answer")
    original = stores.city(options.reports, Path(options.stores))
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        store = stores.copy(original, Path(folder) / "hub")
        start("hub", store, Path(folder)).stop()  # brings the tables up to date
        for n in range(options.rounds):
            hub = start("hub", store, Path(folder))
            with running([hub]):
                took = hub.first_answer * 1000
                figures = Figures(1000 / took, took, took, cpu_of(hub.processes) * 1000, hub.resident / 1e6)
                say(f"  round {n + 1} {figures.p50:.0f} ms, {figures.megabytes:.0f} MB")
                found.append(figures)
    return {"hub": found}


def load_limit(options: Namespace) -> Rounds:
    """How fast the load generator goes: a server that answers with 20 kB kept ready, as large as a page of W1."""
    say("load limit: a server that does nothing")
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        begun = [start("kept bytes", folder, Path(folder))]
        with running(begun):
            return in_turns(
                begun, lambda server: load(server, pages(), 16, options.seconds, options.warm), options.rounds, say
            )


SPECIALS: Mapping[str, Callable[[Namespace], Rounds]] = {
    "W4": streams,
    "W4 10,000": many_subscribers,
    "growth": growth,
    "two workers": workers,
    "start": beginning,
    "load limit": load_limit,
}
