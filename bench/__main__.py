"""Measures the hub against its peers, in turns, in one run: `make bench`, or `python -m bench [W1 W6 …]`.

Prints a table of requests a second, p50 and p99 in ms, and CPU in ms a request, then the marks; with --out both are kept as
JSON there, with a chart beside it. Words that only begin names mean all of these: W7, W3.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import SubprocessError

from bench import stores
from bench.answers import Different, require_alike, require_same_rows
from bench.measuring import Figures, Rounds, in_turns, load
from bench.profiling import PYTHON, profiled
from bench.report import say, table, write
from bench.scenarios import HUB_IN_TESTS, SCENARIOS, Scenario
from bench.servers import Server, running, start
from bench.shared_facts import write_facts
from bench.special import SPECIALS


def measured(scenario: Scenario, options: argparse.Namespace) -> Rounds:
    """Runs one workload on all its servers."""
    names = [name for name in ("hub", *scenario.peers) if not options.peers or name in options.peers]
    say(f"{scenario.name}: {scenario.about}")
    with (
        tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder,
        started(scenario, names, Path(folder), options) as (servers, original),
    ):
        requests = {server.name: scenario.requests(server.name, original) for server in servers}
        if scenario.writes:
            require_same_rows({server.name: server for server in servers}, requests)
            say("  all write the same rows")
        else:
            checked = {name: each[:: max(1, len(each) // 60)] for name, each in requests.items()}
            count = require_alike({server.name: server.port for server in servers}, checked)
            say(f"  all answer alike ({count} questions)")
        warmed: set[str] = set()

        def measure(server: Server) -> Figures:
            warm = options.warm if server.name not in warmed else 0.3
            warmed.add(server.name)
            return load(server, requests[server.name], scenario.connections, options.seconds, warm)

        found = in_turns(servers, measure, options.rounds, say)
        if options.out and options.profile:
            for server in servers:
                _profile(scenario, server, requests[server.name], options)
        return found


def _profile(scenario: Scenario, server: Server, requests: Sequence[bytes], options: argparse.Namespace) -> None:
    """Keeps where a Python server's time went, beside the table."""
    if server.name not in PYTHON:
        return
    folder: Path = options.out / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{scenario.name} {server.name}".replace(" ", "-").lower()
    busy = partial(load, server, requests, scenario.connections, options.seconds + 1, 0.5)
    try:
        told = profiled(server, busy, options.seconds)
    except RuntimeError as error:
        told = f"{error}\n"
    (folder / f"{name}.txt").write_text(told, encoding="utf-8")


@contextmanager
def started(
    scenario: Scenario, names: Sequence[str], folder: Path, options: argparse.Namespace
) -> Iterator[tuple[Sequence[Server], Path]]:
    """The servers, each on a store of its own with the same rows; on PostgreSQL on the same."""
    original = stores.city(
        1_000_000 if scenario.million else options.reports, Path(options.stores), log=not scenario.million
    )
    begun: list[Server] = []
    facts = {"BENCH_FACTS": str(write_facts(folder))} if scenario.writes else {}
    with running(begun):
        for name in names:
            at = stores.postgres(options.reports) if scenario.postgres else ""
            if not at:
                of = original if name == "hub" or scenario.writes else stores.for_peers(original)
                at = stores.copy(of, folder / name)
            settings = HUB_IN_TESTS if name == "hub" else {"BENCH_SYNCHRONOUS": scenario.synchronous, **facts}
            if name == "hub" and scenario.synchronous != "FULL":
                settings = {**settings, "SIMPUL_SQLITE_SYNCHRONOUS": scenario.synchronous.lower()}
            begun.append(start(name, at, folder, settings))
        yield begun, original


def named(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    """The workloads that are meant, each once. Quotes do not matter: `W7 counted W1` are two, as make hands them on.

    Raises LookupError for a word that begins no name.
    """
    words, found = " ".join(asked).split(), list[str]()
    while words:
        for length in range(len(words), 0, -1):
            begun = " ".join(words[:length]).lower()
            meant = [each for each in known if each.lower() == begun]
            meant = meant or [each for each in known if each.lower().startswith(f"{begun} ")]
            if meant:
                break
        else:
            raise LookupError(f"there is no workload {words[0]}")
        found += meant
        del words[:length]
    return list(dict.fromkeys(found))


def main(arguments: Sequence[str]) -> None:
    """Runs what is asked for."""
    form = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=form)
    known = {each.name: partial(measured, each) for each in SCENARIOS} | dict(SPECIALS)
    told = f"of: {', '.join(known)}; all of them without any"
    parser.add_argument("workloads", nargs="*", help=told, metavar="WORKLOAD", default=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="how often each server is asked")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each server is asked in a round")
    parser.add_argument("--warm", type=float, default=5.0, help="how long each is asked before its first round")
    parser.add_argument(
        "--reports", type=int, default=100_000, help="how many there are, where a workload does not say"
    )
    only = "only these servers, comma-separated, such as hub,mercurius; all without it"
    parser.add_argument("--peers", type=lambda text: text.split(","), help=only, default=argparse.SUPPRESS)
    parser.add_argument("--stores", default=".cache/bench", help="where filled stores are kept")
    out = "a folder for the JSON and the chart (make bench: docs); nothing is kept without it"
    parser.add_argument("--out", type=Path, help=out, default=argparse.SUPPRESS)
    parser.add_argument("--profile", action="store_true", help="keep a profile of the Python servers there too")
    options = parser.parse_args(arguments, argparse.Namespace(workloads=[], peers=None, out=None))
    try:
        wanted = named(options.workloads, list(known)) or list(known)
    except LookupError as error:
        parser.error(f"{error}; there are: {', '.join(known)}")
    if shutil.which("node") is None:
        sys.exit("There is no node: `make bench` installs one, with the peers.")
    results: dict[str, Rounds] = {}
    for name in wanted:
        run: Callable[[argparse.Namespace], Rounds] = known[name]
        try:
            results[name] = run(options)
            if options.out:
                write(results, options)
        except (RuntimeError, OSError, SubprocessError, Different) as error:
            say(f"  {name} was not measured: {error}")
    say(table(results))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the servers are ended too
    main(sys.argv[1:])
