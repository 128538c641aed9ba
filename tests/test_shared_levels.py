"""A client's allowance and pace are the same whichever process of the machine it asks."""

import random

import pytest

from domain.shared_levels import BYTES, SharedLevels
from resolvers.pace import SharedBuckets
from transport.door import BadRequest
from transport.operations.levels import OwnLevel, Rate, shared_by
from transport.operations.throttle import Allowance

RATE = Rate(100, 10)
KEY = b"sixteen bytes ok"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def processes(clock: Clock) -> list[SharedLevels]:
    memory = memoryview(bytearray(BYTES))
    return [SharedLevels(memory, KEY, clock) for _ in range(2)]


def of(levels: SharedLevels, name: str, clock: Clock) -> Allowance:
    return Allowance(RATE, shared_by(levels)(name, RATE, clock))


def available(allowance: Allowance) -> int:
    left: int = allowance.state()["available"]
    return left


def test_what_one_process_lets_a_client_spend_is_spent_in_the_other(
    processes: list[SharedLevels], clock: Clock
) -> None:
    here, there = (of(each, "citizen", clock) for each in processes)
    here.draw(70)
    assert available(there) == 30
    with pytest.raises(BadRequest):
        there.draw(40)
    there.give_back(-10)
    assert available(here) == 20
    clock.now += 3
    assert available(here) == available(there) == 50


def test_a_process_that_meets_a_client_later_knows_what_it_spent_before(
    processes: list[SharedLevels], clock: Clock
) -> None:
    of(processes[0], "citizen", clock).draw(90)
    assert available(of(processes[1], "citizen", clock)) == 10


def test_clients_do_not_spend_for_one_another(processes: list[SharedLevels], clock: Clock) -> None:
    of(processes[0], "one", clock).draw(100)
    assert available(of(processes[1], "another", clock)) == 100


def test_it_goes_as_the_allowance_of_one_process_does(processes: list[SharedLevels], clock: Clock) -> None:
    """Whatever is drawn, given back and waited for, in whichever process: within the rounding of a moment."""
    chance = random.Random(7)
    alone = Allowance(RATE, OwnLevel(RATE, clock))
    shared = [of(each, "citizen", clock) for each in processes]
    for _ in range(500):
        clock.now += chance.choice((0, 0, 0.317, 5.123))
        cost = chance.randrange(60)
        one = chance.choice(shared)
        if chance.random() < 0.6:
            assert drawn(one, cost) == drawn(alone, cost)
        elif chance.random() < 0.5:
            one.note(cost)
            alone.note(cost)
        else:
            one.give_back(cost)
            alone.give_back(cost)
        assert available(one) == pytest.approx(available(alone), abs=1)


def drawn(allowance: Allowance, cost: int) -> bool:
    try:
        allowance.draw(cost)
    except BadRequest:
        return False
    return True


def test_acts_are_counted_over_all_processes(processes: list[SharedLevels], clock: Clock) -> None:
    buckets = [SharedBuckets(each, "acts", 3, 60.0) for each in processes]
    assert [buckets[n % 2].take("somebody") for n in range(3)] == [0.0, 0.0, 0.0]
    assert buckets[1].take("somebody") == pytest.approx(20, abs=0.01)
    assert buckets[1].take("somebody else") == 0.0
    clock.now += 20.01
    assert buckets[0].take("somebody") == 0.0
