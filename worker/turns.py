"""Who does a thing that one process alone may do: whoever holds its lease."""

from functools import partial

from domain.sink import Lease
from storage.leases import lease_lock, take_lease
from storage.writing.surely import write_surely
from storage.writing.transaction import Operation
from worker.work import Work


async def take_turn(work: Work, name: str, holder: str, seconds: float) -> Lease | None:
    """Takes or prolongs the lease `worker:<name>`; None while another process has it."""
    lease = f"worker:{name}"
    taking = partial(take_lease, name=lease, holder=holder, seconds=seconds)
    return await write_surely(work.store, Operation(taking, frozenset({lease_lock(lease)})))
