"""The marks that the hub is to reach, each a ratio within one run; and what was reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.measuring import Figures, Rounds, ratio

HUB = "hub"


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
    for name in ("W3 FULL",):
        if name in results and HUB in results[name]:
            value = ratio(results[name][HUB], results[name][HUB], lambda one, _: one.p99 / one.p50)
            found.append(Reached(name, "p99 ÷ p50", 10.0, value, at_most=True))
    return found
