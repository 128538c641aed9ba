"""The way in for sources that push: checks the body by the connector's rules and stores it through the same door as a poll."""

import asyncio
from collections.abc import Mapping

from connectors.base import Connector, Page, Receives
from connectors.config import SourceConfig
from connectors.errors import PushRefused, SourceUnavailable
from connectors.intake import Intake
from connectors.manifest import Capability
from domain.sink import Accepted, Sink, SourceError

_LEASE_SECONDS = 30.0


async def take_push(
    connector: Connector[SourceConfig], sink: Sink, holder: str, body: bytes, headers: Mapping[str, str]
) -> Accepted:
    """Takes in one pushed body. The answer is safe to acknowledge: it is stored.

    Each process pushes under a lease of its own name, since any number of them may do so at once. What cannot be mapped
    is kept aside, as with a poll. Raises PushRefused, NotAuthorised, or SourceUnavailable when the store is busy.
    """
    if not isinstance(connector, Receives) or Capability.PUSH not in connector.capabilities:
        raise PushRefused(())
    records = connector.receive(body, {name.lower(): value for name, value in headers.items()})
    lease = await sink.acquire(f"push:{connector.code}:{holder}", holder, _LEASE_SECONDS)
    if lease is None:
        raise SourceUnavailable("the store gives no lease for this push", SourceError.INTERNAL, retry_after=1)
    return await asyncio.shield(Intake(connector, sink).take(Page(list(records)), lease))
