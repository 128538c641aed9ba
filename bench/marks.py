"""The marks that the hub is to reach, each a ratio within one run; and what was reached."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.measuring import Figures, Rounds, median, ratio

HUB = "hub"
MANY = 10_000
"""Subscribers of the workload that tells what an idle one costs; the mark leaves out one, who is there in both figures."""


def faster(ours: Figures, theirs: Figures) -> float:
    """How many times as many answers a second."""
    return ours.rate / theirs.rate


def sooner(ours: Figures, theirs: Figures) -> float:
    """How many times sooner, by the median."""
    return theirs.p50 / ours.p50


def cheaper(ours: Figures, theirs: Figures) -> float:
    """How many times less CPU an answer."""
    return theirs.cpu_ms / ours.cpu_ms


WORDS: Mapping[Callable[[Figures, Figures], float], str] = {
    faster: "× requests/s",
    sooner: "× sooner",
    cheaper: "× less CPU",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """At least `least` times better than a peer in a workload."""

    workload: str
    peer: str
    of: Callable[[Figures, Figures], float]
    least: float


MARKS: Sequence[Mark] = (
    *(Mark(name, "mercurius", faster, 3.0) for name in ("W1", "W6")),
    *(Mark(name, "strawberry", faster, 70.0) for name in ("W1", "W6")),
    Mark("W6", "by hand", faster, 0.9),
    *(Mark(name, "mercurius", faster, 2.0) for name in ("W1 PostgreSQL", "W6 PostgreSQL")),
    *(Mark(name, "mercurius", cheaper, 5.0) for name in ("W1 PostgreSQL", "W6 PostgreSQL")),
    *(Mark(name, "strawberry", faster, 30.0) for name in ("W1 PostgreSQL", "W6 PostgreSQL")),
    *(Mark(name, "postgraphile", faster, 1.5) for name in ("W1 PostgreSQL", "W6 PostgreSQL")),
    Mark("W2", "mercurius", faster, 1.8),
    Mark("W2", "strawberry", faster, 60.0),
    Mark("W3 FULL", "mercurius", faster, 3.5),
    Mark("W3 FULL", "strawberry", faster, 60.0),
    Mark("W3 NORMAL", "mercurius", faster, 1.7),
    Mark("W4", "mercurius", sooner, 5.0),
    Mark("W4", "mercurius", cheaper, 7.0),
    Mark("W4", "strawberry", sooner, 40.0),
    Mark("W4", "yoga", sooner, 2.5),
    Mark("W5", "mercurius", faster, 2.0),
    Mark("W5", "strawberry", faster, 60.0),
    Mark("W5", "gateway", faster, 5.0),
    Mark("W7 rolled up", "mercurius", faster, 5.0),
    Mark("W7 rolled up", "strawberry", faster, 5.0),
    Mark("two workers", "one worker", faster, 1.5),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of a mark. `share` of it: 1 and more is reached."""

    workload: str
    what: str
    wanted: float
    found: float
    at_most: bool = False

    @property
    def share(self) -> float:
        """How much of the mark was reached."""
        return self.wanted / self.found if self.at_most else self.found / self.wanted

    def told(self) -> dict[str, object]:
        """As JSON has it."""
        words = {"workload": self.workload, "what": self.what, "bound": "at most" if self.at_most else "at least"}
        return {**words, "wanted": self.wanted, "found": round(self.found, 3), "reached": self.share >= 1}


def reached(results: Mapping[str, Rounds]) -> list[Reached]:
    """The marks of the workloads that were run, with what they came to."""
    found = []
    for mark in MARKS:
        rounds = results.get(mark.workload, {})
        ours = "two workers" if mark.workload == "two workers" else HUB
        if ours in rounds and mark.peer in rounds:
            value = ratio(rounds[ours], rounds[mark.peer], mark.of)
            found.append(Reached(mark.workload, f"{mark.peer}: {WORDS[mark.of]}", mark.least, value))
    return [*found, *_bounds(results)]


def _bounds(results: Mapping[str, Rounds]) -> Iterator[Reached]:
    """What may be at most so much of the hub's own."""
    hub = {name: median(rounds[HUB]) for name, rounds in results.items() if rounds.get(HUB)}
    if "W3 FULL" in hub:
        yield Reached("W3 FULL", "p99 ÷ p50", 10.0, hub["W3 FULL"].p99 / hub["W3 FULL"].p50, at_most=True)
    if "W7 rolled up" in hub and "W1" in hub:
        yield Reached("W7 rolled up", "p99 ÷ W1's", 3.0, hub["W7 rolled up"].p99 / hub["W1"].p99, at_most=True)
    if "start" in hub:
        yield Reached("start", "seconds to the first answer", 2.0, hub["start"].p50 / 1000, at_most=True)
        yield Reached("start", "MB resident", 160.0, hub["start"].megabytes, at_most=True)
    if "W4 10,000" in hub:
        few, many = (median(results["W4 10,000"][name]).megabytes for name in ("hub, one subscriber", HUB))
        yield Reached("W4 10,000", "kB an idle subscriber", 20.0, (many - few) * 1000 / (MANY - 1), at_most=True)
    grown = results.get("growth", {})
    for name in ("W1", "W2", "W6"):
        if f"{name} large" in grown:
            small, large = grown[f"{name} small"], grown[f"{name} large"]
            longer = ratio(large, small, lambda one, other: one.p50 / other.p50)
            yield Reached("growth", f"{name}: × the time", 1.3, longer, at_most=True)
            held = median(large).megabytes / median(small).megabytes
            yield Reached("growth", f"{name}: × the memory", 1.2, held, at_most=True)
