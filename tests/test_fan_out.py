"""Crowds are served in fair turns: the loop turns in between, and a small crowd does not wait for a large one."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from transport.operations.fan_out import A_SHARE, A_TURN, FanOut
from transport.sockets.pinging import Pings


async def test_others_run_between_a_few_and_the_next_few() -> None:
    """What is ready when a crowd of a thousand begins to be served runs after the first few, not after the last."""
    fan_out, loop = FanOut(), asyncio.get_running_loop()
    served_by_then: list[int] = []
    done = 0

    def serve(_: int) -> None:
        nonlocal done
        done += 1

    def look() -> None:
        served_by_then.append(done)
        if done < 1_000:
            loop.call_soon(look)

    serving = asyncio.create_task(fan_out.serve(range(1_000), serve))
    loop.call_soon(look)
    await serving
    steps = [after - before for before, after in itertools.pairwise(served_by_then)]
    assert done == 1_000
    assert max(steps) <= A_TURN
    assert len(steps) >= 1_000 // A_TURN


async def test_a_small_crowd_is_through_while_a_large_one_is_served() -> None:
    fan_out, order = FanOut(), list[str]()
    large = asyncio.create_task(fan_out.serve(range(2_000), lambda _: order.append("large")))
    await asyncio.sleep(0)
    await fan_out.serve(range(A_SHARE), lambda _: order.append("small"))
    assert not large.done()
    await large
    assert order.count("large") == 2_000
    assert order.index("small") <= 2 * A_TURN


async def test_who_fails_is_told_and_the_next_crowd_is_served() -> None:
    fan_out, got = FanOut(), list[int]()

    def fail(_: int) -> None:
        raise LookupError("nobody there")

    failing = asyncio.create_task(fan_out.serve(range(3), fail))
    await fan_out.serve(range(3), got.append)
    with pytest.raises(LookupError):
        await failing
    assert got == [0, 1, 2]


async def test_a_crowd_that_nobody_waits_for_any_more_is_left() -> None:
    fan_out, got = FanOut(), list[int]()
    leaving = asyncio.create_task(fan_out.serve(range(10_000), got.append))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait((leaving,))
    await fan_out.serve((), got.append)
    await fan_out.serve((-1,), got.append)
    assert len(got) < 10 * A_TURN


async def test_pings_come_round_for_all_and_stop_for_who_leaves() -> None:
    pings, pinged, all_pinged = Pings(0.05), list[int](), asyncio.Event()

    def ping_of(number: int) -> Callable[[], None]:
        def ping() -> None:
            pinged.append(number)
            if pinged.count(299) == 2:
                all_pinged.set()

        return ping

    entered = [ping_of(number) for number in range(300)]
    for ping in entered:
        pings.enter(ping)
    for ping in entered[:100]:
        pings.leave(ping)
    await asyncio.wait_for(all_pinged.wait(), 10)
    assert set(pinged) == set(range(100, 300))
    assert len(pings) == 200
    for ping in entered:
        pings.leave(ping)
    assert len(pings) == 0
