"""When a source is asked next: intervals, back-off with full jitter, the circuit breaker and its way back."""

import random

import pytest

from connectors.errors import (
    NotAuthorised,
    NotUnderstood,
    PartlyUnavailable,
    SourceFailure,
    SourceRefused,
    SourceUnavailable,
)
from connectors.schedule import Policy, Schedule
from domain.sink import SourceError
from domain.vocabulary import SourceState

POLL = 60.0
AWAY = SourceUnavailable("away", SourceError.REFUSED)


def schedule(seed: int = 1, **policy: float) -> Schedule:
    return Schedule(Policy(**policy), POLL, random.Random(seed))  # type: ignore[arg-type]


def test_healthy_runs_are_never_further_apart_than_promised() -> None:
    waits = [schedule(seed).succeeded() for seed in range(200)]
    assert all(POLL * 0.9 <= wait <= POLL for wait in waits)
    assert len(set(waits)) > 100


def test_waits_after_failures_are_drawn_from_nought_to_a_limit_that_doubles() -> None:
    for failures in range(1, 5):
        waits = []
        for seed in range(300):
            one = schedule(seed, failures_to_open=99)
            for _ in range(failures):
                wait = one.failed(AWAY)
            waits.append(wait)
        limit = min(POLL, 2.0**failures)
        assert max(waits) <= limit
        assert min(waits) < limit * 0.1
        assert max(waits) > limit * 0.9


def test_the_breaker_opens_after_so_many_failures_and_one_success_closes_it() -> None:
    one = schedule()
    states = []
    for _ in range(6):
        wait = one.failed(AWAY)
        states.append(one.state)
    assert states == [SourceState.DEGRADED] * 4 + [SourceState.DOWN] * 2
    assert POLL * 0.9 <= wait <= POLL
    one.succeeded()
    assert (one.state, one.failures) == (SourceState.UP, 0)
    one.failed(AWAY)
    assert one.state is SourceState.DEGRADED


@pytest.mark.parametrize("failure", [NotAuthorised("no"), SourceRefused("no")])
def test_a_refusal_opens_it_at_once_and_is_not_pressed(failure: SourceFailure) -> None:
    one = schedule()
    assert one.failed(failure) >= 300
    assert one.state is SourceState.DOWN


def test_what_fails_in_part_is_degraded_and_asked_at_the_usual_pace() -> None:
    one = schedule()
    for _ in range(20):
        wait = one.failed(PartlyUnavailable([NotUnderstood("gauges"), AWAY]))
    assert one.state is SourceState.DEGRADED
    assert POLL * 0.9 <= wait <= POLL


def test_what_the_source_asks_for_is_waited_for() -> None:
    assert schedule().failed(SourceUnavailable("busy", SourceError.SERVER_ERROR, retry_after=120)) == 120
    busy = SourceUnavailable("busy", SourceError.REJECTED, retry_after=500)
    assert schedule().failed(PartlyUnavailable([AWAY, busy])) == 500


def test_a_fast_source_is_never_waited_for_longer_than_its_interval() -> None:
    one = Schedule(Policy(), 0.2, random.Random(1))
    assert all(one.failed(AWAY) <= 0.2 for _ in range(50))
