"""What may go from one process of the hub to another, and what may not."""

import os
import pickle
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.sink import Lease, LeaseLost
from resolvers.refusal import Refused, fault
from resolvers.user_errors import UserErrorCode
from storage.errors import OutcomeUnknown, Overloaded
from storage.leases import take_lease
from storage.together import seat
from storage.together.crossing import CannotCross, Crossing, WriteFailed
from storage.writing.transaction import Operation, Tx

LEASE = Lease("source:qlue", "somebody", 3, datetime(2026, 1, 2, tzinfo=UTC))
REFUSAL = fault(UserErrorCode.CONFLICT, "Sudah dipakai.", "Taken already.", "idempotencyKey")


def there_and_back(value: object) -> object:
    crossing = Crossing()
    return crossing.unpack(crossing.pack(value))


def error_there_and_back(error: Exception) -> Exception:
    crossing = Crossing()
    back = crossing.unpack(crossing.pack_error(error))
    assert isinstance(back, Exception)
    return back


def test_an_operation_crosses_with_its_arguments_and_locks() -> None:
    there = Operation(partial(take_lease, name="a", holder="b", seconds=2.0), frozenset({"lease:a"}))
    back = there_and_back(there)
    assert isinstance(back, Operation)
    assert (back.locks, back.apply.func, back.apply.keywords) == (  # type: ignore[attr-defined]
        there.locks,
        take_lease,
        {"name": "a", "holder": "b", "seconds": 2.0},
    )


def test_results_cross() -> None:
    assert there_and_back({"lease": LEASE, "ids": [1, 2], "seen": frozenset({3})}) == {
        "lease": LEASE,
        "ids": [1, 2],
        "seen": frozenset({3}),
    }


def test_a_refusal_crosses_with_its_faults() -> None:
    back = error_there_and_back(Refused(REFUSAL, report_id=7))
    assert isinstance(back, Refused)
    assert (list(back.faults), back.report_id, str(back)) == ([REFUSAL], 7, str(Refused(REFUSAL)))


@pytest.mark.parametrize("error", [LeaseLost("a"), OutcomeUnknown("lost"), ValueError("too many")])
def test_errors_that_callers_tell_apart_cross_as_themselves(error: Exception) -> None:
    back = error_there_and_back(error)
    assert (type(back), back.args) == (type(error), error.args)


def test_being_overloaded_crosses_with_when_to_come_again() -> None:
    back = error_there_and_back(Overloaded(retry_after=2.5))
    assert isinstance(back, Overloaded) and back.retry_after == 2.5


def test_an_error_of_others_crosses_as_its_words() -> None:
    class Strange(Exception):
        pass

    back = error_there_and_back(Strange("the disk is full"))
    assert isinstance(back, WriteFailed) and "Strange: the disk is full" in str(back)


def test_what_a_process_has_of_its_own_stays_there(area_map: AreaMap) -> None:
    here, there = Crossing(), Crossing()
    here.keep(AreaMap, lambda: area_map)
    theirs = AreaMap(area_map.facts.values(), {})
    there.keep(AreaMap, lambda: theirs)
    data = here.pack(partial(take_lease, name=area_map))  # type: ignore[arg-type]
    assert len(data) < 500
    assert there.unpack(data).keywords["name"] is theirs


def test_nothing_that_is_nested_crosses() -> None:
    def nested(_tx: Tx) -> None:
        return

    with pytest.raises(CannotCross, match="nested"):
        there_and_back(Operation(nested))


def test_what_is_not_ours_is_refused_at_the_sender(tmp_path: Path) -> None:
    with pytest.raises(CannotCross, match="may not cross"):
        there_and_back(partial(Path.unlink, tmp_path))


def test_what_is_not_ours_is_refused_at_the_receiver(tmp_path: Path) -> None:
    """Whoever writes to the socket is the same user, but what he sends is read for what it says."""

    class Hostile:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(CannotCross, match="may not cross"):
        Crossing().unpack(pickle.dumps(Hostile()))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["os.mkdir", "os", "Path"])
def test_what_a_module_of_ours_imports_is_refused_too(name: str, tmp_path: Path) -> None:
    """By the name of the module that imports it, which is ours; with dots, pickle walks on from there."""
    assert name.partition(".")[0] in vars(seat)
    made = str(tmp_path / "made")
    calls = [pickle.SHORT_BINUNICODE + bytes([len(each)]) + each.encode() for each in (seat.__name__, name, made)]
    module, function, argument = calls
    asked = [pickle.PROTO, b"\x04", module, function, pickle.STACK_GLOBAL, argument, pickle.TUPLE1, pickle.REDUCE, b"."]
    with pytest.raises(CannotCross, match="may not cross"):
        Crossing().unpack(b"".join(asked))
    assert not Path(made).exists()


@pytest.mark.parametrize("data", [b"", b"nonsense", pickle.dumps(LEASE)[:-3]])
def test_what_cannot_be_read_says_so(data: bytes) -> None:
    with pytest.raises(CannotCross):
        Crossing().unpack(data)
