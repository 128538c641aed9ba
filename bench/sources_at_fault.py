"""The hub's CPU a query while its sources misbehave, against when they do not: `python -m bench.sources_at_fault`.

One hub is asked one query after another, in turns of six seconds: all sources well, all of them at fault, one fault after
the other, three times around. CPU is the process's own, from the kernel's count, so it has all that polling and failing
costs as well, healthy polling included. What that is by itself is measured without any query. The sources are polled every
3 s, twenty times as often as by default. Prints a table of medians; takes over three minutes.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench.processes import cpu_of
from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.faults import DemoServer
from demo.serving import serve_in_thread
from tests.running import RunningHub

WELL = "none"
STATES = (WELL, "stopped", "hang", "500", "html", "half", "huge")
TURNS = (WELL, "stopped", "hang", "500", WELL, "html", "half", "huge")
CYCLES = 3
POLL_SECONDS = 3.0
TURN_SECONDS = 2 * POLL_SECONDS
QUERY = "{ reports(first: 20) { nodes { code text area { name } category { name } } } sources { code state } }"
_CALM = 0.05


def cpu_seconds(hub: RunningHub) -> float:
    """User and system time that the hub's process has used, children left out."""
    assert hub.process is not None
    return cpu_of([hub.process.pid])


def milliseconds_a_query(hub: RunningHub) -> float:
    """The hub's CPU for one query, over a turn of as many as there is time for."""
    begun, used, asked = time.monotonic(), cpu_seconds(hub), 0
    while time.monotonic() - begun < TURN_SECONDS:
        hub.data(QUERY)
        asked += 1
    return (cpu_seconds(hub) - used) / asked * 1000


def milliseconds_a_second(hub: RunningHub) -> float:
    """The hub's CPU while nobody asks it anything."""
    used = cpu_seconds(hub)
    time.sleep(TURN_SECONDS)
    return (cpu_seconds(hub) - used) / TURN_SECONDS * 1000


def main() -> None:
    """Measures and prints a table."""
    with ExitStack() as stack:
        urls = _city(stack)
        hub = _hub(stack, urls)
        _until_calm(hub)
        asked: dict[str, list[float]] = {state: [] for state in STATES}
        for _ in range(CYCLES):
            for state in TURNS:
                _set(urls.values(), state)
                asked[state].append(milliseconds_a_query(hub))
        silent = {}
        for state in STATES:
            _set(urls.values(), state)
            silent[state] = milliseconds_a_second(hub)
        _set(urls.values(), WELL)
    _tell({state: statistics.median(told) for state, told in asked.items()}, silent)


def _tell(asked: Mapping[str, float], silent: Mapping[str, float]) -> None:
    print("| all sources | ms a query | against well | ms a second without queries |")
    print("|---|---|---|---|")
    for state in STATES:
        name = "well" if state == WELL else state
        print(f"| {name} | {asked[state]:.2f} | {asked[state] / asked[WELL]:.2f} | {silent[state]:.0f} |")


def _city(stack: ExitStack) -> dict[str, str]:
    """The city's servers, each in a thread; their addresses by source."""
    city = City(5, datetime.now(UTC) - timedelta(hours=1))
    apps: dict[str, DemoServer] = {
        "peta_jakarta": peta_jakarta_v3.app(city),
        "qlue": qlue.app(city),
        "lapor": lapor.app(city),
    }
    return {code: stack.enter_context(serve_in_thread(app)) for code, app in apps.items()}


def _hub(stack: ExitStack, servers: dict[str, str]) -> RunningHub:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
    folder.mkdir()
    limits = f"poll_seconds = {POLL_SECONDS}\nread_timeout_seconds = {POLL_SECONDS}\ntimeout_seconds = {POLL_SECONDS}"
    tables = [f'[sources.{code}]\nbase_url = "{url}"\n{limits}' for code, url in servers.items()]
    tables[-1] += f'\nprofile = "csv"\nexport = "{servers["lapor"]}/export/tickets.csv"'
    (folder / "simpul.toml").write_text("\n".join(tables))
    settings = {"SIMPUL_CONFIG": str(folder / "simpul.toml"), "SIMPUL_COST_PER_SECOND": "1000000"}
    hub = RunningHub(folder, settings, cold=True).start()
    stack.callback(hub.stop)
    return hub


def _until_calm(hub: RunningHub) -> None:
    """The first sync, with its photos, is not what is measured."""
    used = 0.0
    while cpu_seconds(hub) - used > _CALM * TURN_SECONDS * 2:
        used = cpu_seconds(hub)
        time.sleep(TURN_SECONDS)


def _set(urls: Iterable[str], fault: str) -> None:
    for url in urls:
        httpx.post(f"{url}/_control", json={"fault": fault})


if __name__ == "__main__":
    main()
