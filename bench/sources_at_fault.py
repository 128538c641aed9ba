"""The hub's CPU a query while its sources misbehave, against when they do not: `python -m bench.sources_at_fault`.

The same hub is asked the same queries in turns: a round with all sources well, a round with each of them at fault
(hanging, 500, HTML, half an answer, 200 MB). CPU is the process's own, from the kernel's count. Prints the ratio.
"""

import os
import statistics
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.serving import serve_in_thread
from tests.running import RunningHub

FAULTS = ("hang", "500", "html", "half", "huge")
QUERIES = 600
ROUNDS = 3
QUERY = "{ reports(first: 20) { nodes { code text area { name } category { name } } } sources { code state } }"
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used, children left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def milliseconds_a_query(hub: RunningHub) -> float:
    """The hub's CPU for one query, over many."""
    assert hub.process is not None
    begun = cpu_seconds(hub.process.pid)
    for _ in range(QUERIES):
        hub.data(QUERY)
    return (cpu_seconds(hub.process.pid) - begun) / QUERIES * 1000


def main() -> None:
    """Measures and prints a table."""
    with ExitStack() as stack:
        city = City(5, datetime.now(UTC) - timedelta(hours=1))
        apps = (("peta_jakarta", peta_jakarta_v3.app(city)), ("qlue", qlue.app(city)), ("lapor", lapor.app(city)))
        urls = {code: stack.enter_context(serve_in_thread(app)) for code, app in apps}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        folder.mkdir()
        lines = [
            f'[sources.{code}]\nbase_url = "{url}"\npoll_seconds = 5\ntimeout_seconds = 5' for code, url in urls.items()
        ]
        lines[-1] += f'\nprofile = "csv"\nexport = "{urls["lapor"]}/export/tickets.csv"'
        (folder / "simpul.toml").write_text("\n".join(lines))
        hub = RunningHub(folder, {"SIMPUL_CONFIG": str(folder / "simpul.toml")}).start()
        stack.callback(hub.stop)
        milliseconds_a_query(hub)  # the first sync is not what is measured
        print(f"{'fault':8} {'well ms':>8} {'fault ms':>9} {'ratio':>6}")
        for fault in FAULTS:
            well, ill = [], []
            for _ in range(ROUNDS):
                well.append(milliseconds_a_query(hub))
                _set(urls.values(), fault)
                ill.append(milliseconds_a_query(hub))
                _set(urls.values(), "none")
            ratio = statistics.median(ill) / statistics.median(well)
            print(f"{fault:8} {statistics.median(well):8.2f} {statistics.median(ill):9.2f} {ratio:6.2f}")


def _set(urls: Iterable[str], fault: str) -> None:
    for url in urls:
        httpx.post(f"{url}/_control", json={"fault": fault})


if __name__ == "__main__":
    main()
