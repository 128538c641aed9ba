"""Starts the hub and its peers, each as a process of its own on one core, over a store of its own with the same rows."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import held_by

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
CHECKOUT = Path(os.environ.get("BENCH_CHECKOUT", ROOT))
"""Where the hub is run from: another checkout, to compare two states of it."""
PUBLIC_URL = "http://bench"
SERVER_CORES = {0}
LOAD_CORES = {max(os.sched_getaffinity(0))}
READY_SECONDS = 90.0

HUB = {
    "SIMPUL_PUBLIC_URL": PUBLIC_URL,
    "SIMPUL_LOG_LEVEL": "warning",
    "SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "1000000000",
    "SIMPUL_ANONYMOUS_ACTS_PER_MINUTE": "1000000000",
    "SIMPUL_COST_BUCKET": "1000000000",
    "SIMPUL_COST_PER_SECOND": "1000000000",
    "SIMPUL_COST_AT_ONCE": "1000000000",
    "SIMPUL_SOCKETS_PER_CLIENT": "100000",
}
"""The hub as operators run it, with everything on; only what one client may ask for is raised, since all ask from one address."""

_NODE = ("node", "--max-old-space-size=4096")
COMMANDS: Mapping[str, Sequence[str]] = {
    "hub": (sys.executable, "server.py", "serve"),
    "mercurius": (*_NODE, "bench/peers/mercurius.mjs"),
    "yoga": (*_NODE, "bench/peers/yoga.mjs"),
    "postgraphile": (*_NODE, "bench/peers/postgraphile.mjs"),
    "gateway": (*_NODE, "bench/peers/gateway.mjs"),
    "strawberry": (sys.executable, "-m", "bench.peers.plain_strawberry"),
    "by hand": (sys.executable, "-m", "bench.peers.by_hand"),
    "kept bytes": (sys.executable, "-m", "bench.peers.kept_bytes"),
}


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A server that runs, and what it has used."""

    name: str
    port: int
    store: str
    process: subprocess.Popen[bytes]
    started: float
    log: Path
    first_answer: float = 0.0

    @property
    def processes(self) -> list[int]:
        """Its processes: itself and all that it started."""
        found, waiting = list[int](), [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, task.read_text().split())
        return found

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds, without what its processes share being counted twice."""
        return held_by(self.processes)

    def stop(self) -> None:
        """Ends it as an operator does; after ten seconds with force."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)


def on_cores(cores: set[int]) -> None:
    """Holds this process, and what it starts, to some cores."""
    os.sched_setaffinity(0, cores & os.sched_getaffinity(0) or os.sched_getaffinity(0))


def _environment(name: str, port: int, store: str, settings: Mapping[str, str]) -> dict[str, str]:
    told = {key: value for key, value in os.environ.items() if not key.startswith("SIMPUL_")}
    told |= {"PYTHONPATH": str(CHECKOUT if name == "hub" else ROOT), "NODE_ENV": "production"}
    if name == "hub":
        kept = {"SIMPUL_DATABASE_URL": store} if store.startswith("postgres") else {"SIMPUL_DATA_DIR": store}
        return {**told, **HUB, "SIMPUL_PORT": str(port), **kept, **settings}
    url = store if store.startswith("postgres") else f"sqlite:///{store}/simpul.db"
    return {**told, "BENCH_PORT": str(port), "BENCH_STORE": url, "BENCH_PUBLIC_URL": PUBLIC_URL, **settings}


def start(
    name: str,
    store: str,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    cores: set[int] = SERVER_CORES,
) -> Server:
    """Starts a server on a folder with `simpul.db` or on PostgreSQL's address; returns once it answers. Raises
    RuntimeError with what it said if it does not."""
    port = free_port()
    log = folder / f"{name.replace(' ', '_')}.log"
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*COMMANDS[name], *arguments],
            cwd=CHECKOUT if name == "hub" else ROOT,
            env=_environment(name, port, store, settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=lambda: _prepare(cores),
        )
    server = Server(name, port, store, process, began, log)
    _wait_for(server)
    return server


def _prepare(cores: set[int]) -> None:
    on_cores(cores)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _wait_for(server: Server) -> None:
    body = b'{"query":"{__typename}"}'
    asked = (
        b"POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
                connection.sendall(asked)
                if connection.recv(65_536).startswith(b"HTTP/1.1 "):
                    server.first_answer = time.perf_counter() - server.started
                    return
        except OSError:
            pass
        if server.process.poll() is not None or time.perf_counter() - server.started > READY_SECONDS:
            server.stop()
            raise RuntimeError(f"{server.name} did not start: {server.log.read_text()[-2000:]}")
        time.sleep(0.005)


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[Sequence[Server]]:
    """Stops them all in the end."""
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()
