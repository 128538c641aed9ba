"""Who does a thing that one process alone may do: whoever holds its lease."""

import contextlib
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from domain.sink import Lease, LeaseLost
from storage.errors import StoreError
from storage.leases import give_back_lease, lease_lock, take_lease
from storage.writing.surely import write_surely
from storage.writing.transaction import Operation
from worker.work import Work

STORE_FAILURES = (StoreError, SQLAlchemyError, OSError)


async def take_turn(work: Work, name: str, holder: str, seconds: float) -> Lease | None:
    """Takes or prolongs the lease `worker:<name>`; None while another process has it."""
    lease = f"worker:{name}"
    taking = partial(take_lease, name=lease, holder=holder, seconds=seconds)
    return await write_surely(work.store, Operation(taking, frozenset({lease_lock(lease)})))


async def give_turn_back(work: Work, lease: Lease) -> None:
    """Lets another process have it at once. Where that fails it ends by itself."""
    giving = Operation(partial(give_back_lease, lease=lease), frozenset({lease_lock(lease.name)}))
    with contextlib.suppress(LeaseLost, *STORE_FAILURES):
        await work.store.write(giving)
