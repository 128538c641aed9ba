"""Runs the hub as an operator does, as a process of its own, and talks to it over the network."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests.starting import ROOT, Started, start

READY = "Simpul is ready."
ROLES = ("citizen", "responder", "dispatcher", "partner", "admin")


def free_port() -> int:
    """A port that nobody listens on just now.

    Not one that the system would hand out: between the asking and the use it might give the same one to somebody's
    connection, or to a test beside this one.
    """
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass
class RunningHub:
    """A hub on a data folder. `start` returns once it says that it is ready."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    cold: bool = False
    """Whether Python is started for it too, and loads all anew."""
    process: "subprocess.Popen[bytes] | Started | None" = None
    tokens: dict[str, str] = field(default_factory=dict)
    said: str = ""

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        """Where subscribers connect."""
        return f"ws://127.0.0.1:{self.port}/graphql"

    def start(self, seconds: float = 60) -> "RunningHub":
        """Starts it; raises AssertionError with its words if it does not come up."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SIMPUL_")},
            "SIMPUL_DATA_DIR": str(self.folder),
            "SIMPUL_PORT": str(self.port),
            "SIMPUL_PING_SECONDS": "0.3",
            "SIMPUL_ANSWER_SECONDS": "0",  # tests ask what is, not what was a second ago
            "SIMPUL_ANONYMOUS_ACTS_PER_MINUTE": "100000",
            "SIMPUL_CODE_LOOKUPS_PER_MINUTE": "100000",
            **self.settings,
        }
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = self._process(environment, log.fileno())
        try:
            self._read_greeting(time.monotonic() + seconds)
        except BaseException:
            self.kill()
            raise
        return self

    def _process(self, environment: Mapping[str, str], log: int) -> "subprocess.Popen[bytes] | Started":
        words = ["server.py", "serve", "--tokens", *self.arguments]
        if not self.cold:
            return start(words, environment, log)
        pipe, line = subprocess.PIPE, [sys.executable, *words]
        return subprocess.Popen(line, cwd=ROOT, env=environment, stdout=pipe, stderr=log, start_new_session=True)

    def _read_greeting(self, deadline: float) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.said = ""
        while "Ctrl-C" not in self.said:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65_536).decode() if ready else ""
            assert piece, f"the hub did not start: {self.said} {self.log}"
            self.said += piece
        for line in self.said.splitlines():
            role, _, token = line.strip().partition(" ")
            if role in ROLES and token.strip().startswith("ey"):
                self.tokens[role] = token.strip()

    @property
    def log(self) -> str:
        """What it wrote to its log."""
        return (self.folder.parent / f"{self.folder.name}.log").read_text(errors="replace")

    def token(self, role: str) -> str:
        """A bearer token for a role, as the hub printed it."""
        return self.tokens[role.lower()]

    @cached_property
    def client(self) -> httpx.Client:
        """A connection that is kept."""
        return httpx.Client(base_url=self.url, timeout=60)

    def ask(self, query: str, variables: dict[str, Any] | None = None, *, role: str | None = None) -> dict[str, Any]:
        """The whole answer to a query or mutation."""
        headers = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        answer = self.client.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)
        told: dict[str, Any] = answer.json()
        return told

    def data(self, query: str, variables: dict[str, Any] | None = None, *, role: str | None = None) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        told = self.ask(query, variables, role=role)
        assert "errors" not in told, json.dumps(told["errors"], indent=1)
        data: dict[str, Any] = told["data"]
        return data

    def upload(
        self, query: str, variables: dict[str, Any], files: Mapping[str, bytes], **headers: str
    ) -> dict[str, Any]:
        """A mutation with files, by the multipart request specification; `files` by the path of their variable."""
        operations = json.dumps({"query": query, "variables": variables})
        places = json.dumps({str(n): [path] for n, path in enumerate(files)})
        parts = {str(n): (f"{n}.jpg", data, "image/jpeg") for n, data in enumerate(files.values())}
        answer = self.client.post(
            "/graphql",
            data={"operations": operations, "map": places},
            files=parts,
            headers={"GraphQL-Require-Preflight": "1", **headers},
        )
        told: dict[str, Any] = answer.json()
        return told

    def stop(self) -> int:
        """Stops it as Ctrl-C does; its exit code."""
        assert self.process is not None
        self.client.close()
        self.__dict__.pop("client", None)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        """Ends it as a power cut would, the whole group of processes."""
        assert self.process is not None
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()
        self.__dict__.pop("client", None)
