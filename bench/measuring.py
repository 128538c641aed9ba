"""Measures servers in turns: every round asks each of them, so that whatever else the machine does hits them alike."""

import base64
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.servers import LOAD_CORES, Server, on_cores


@dataclass(frozen=True, slots=True)
class Figures:
    """What one server did: answers (or deliveries) a second, latencies in ms, CPU of its processes in ms an answer,
    and memory held where that was looked at."""

    rate: float
    p50: float
    p99: float
    cpu_ms: float
    megabytes: float = 0.0

    def told(self) -> dict[str, float]:
        """As JSON has it."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


LONGEST = 1_800.0
"""Seconds that one measurement may take; what takes longer hangs."""

Rounds = dict[str, list[Figures]]


def load(server: Server, requests: Sequence[bytes], connections: int, seconds: float, warm: float) -> Figures:
    """Drives one server for a while. Raises RuntimeError if it answered wrongly, or not at all."""
    job = {
        "port": server.port,
        "connections": connections,
        "seconds": seconds,
        "warm": warm,
        "processes": server.processes,
        "requests": [base64.b64encode(each).decode() for each in requests],
    }
    told = in_a_process("bench.load", job)
    if told["bad"] or not told["answers"]:
        raise RuntimeError(f"{server.name} answered {told['bad']} of {told['answers']} wrongly: {told['first'][:2000]}")
    rate = told["answers"] / told["seconds"]
    return Figures(rate, told["p50"], told["p99"], told["cpu"] * 1000 / told["answers"])


def in_a_process(module: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """Runs a generator of load as a process on the core that is kept for it. Raises subprocess.SubprocessError where it fails
    or hangs."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(job).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=LONGEST,
        preexec_fn=lambda: on_cores(LOAD_CORES),
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def in_turns(
    servers: Sequence[Server], measure: Callable[[Server], Figures], rounds: int, say: Callable[[str], None]
) -> Rounds:
    """Measures each server in each round; the order turns as well."""
    found: Rounds = {server.name: [] for server in servers}
    for n in range(rounds):
        turned = [*servers[n % len(servers) :], *servers[: n % len(servers)]]
        for server in turned:
            figures = measure(server)
            found[server.name].append(figures)
            say(f"  round {n + 1} {server.name:12} {figures.rate:10,.0f}/s {figures.p50:9.2f} {figures.p99:9.2f} ms")
    return found


def median(figures: Sequence[Figures]) -> Figures:
    """The medians of some rounds."""
    return Figures(
        *(statistics.median(getattr(each, name) for each in figures) for name in Figures.__dataclass_fields__)
    )


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures], of: Callable[[Figures, Figures], float]) -> float:
    """The median over the rounds of a ratio between two servers in the same round."""
    return statistics.median(of(*pair) for pair in zip(ours, theirs, strict=True))
