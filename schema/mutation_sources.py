"""Telling connectors what to do."""

from typing import Annotated

import strawberry

from resolvers import inputs, sources, sources_acting
from resolvers.outcomes import Retried, SourceTold
from schema.arguments import Info
from schema.fields import argument, batch, column, input_type, output, owed
from schema.inputs import made
from schema.mutation_arguments import key_field, user_errors
from schema.source import Source
from schema.user_error import UserError


@input_type
class SyncSourceInput:
    """A source to be read now."""

    source: str = owed("The source's code.")
    idempotency_key: str | None = key_field()


@output
class SyncSourcePayload:
    """What became of asking for a sync."""

    source: Source | None = batch(sources.sources_by_id, "The source as it is now.", key="source_id")
    user_errors: list[UserError] = user_errors()


@input_type
class RetrySetAsideInput:
    """Records that could not be mapped, to be tried again."""

    ids: list[strawberry.ID] = owed("The records' ids.")
    idempotency_key: str | None = key_field()


@output
class RetrySetAsidePayload:
    """What became of trying again."""

    mapped: int = column("mapped", "How many of them could be mapped now.")
    still_aside: int = column("still_aside", "How many of them are still set aside.")
    user_errors: list[UserError] = user_errors()


async def sync_source(info: Info, input: Annotated[SyncSourceInput, argument("Which source.")]) -> SourceTold:
    """Have a source read now rather than when its turn comes: admins. Its end is told by the subscription `sources`."""
    return await sources_acting.sync_source(info.context, made(input, inputs.SyncSource))


async def retry_set_aside(info: Info, input: Annotated[RetrySetAsideInput, argument("Which records.")]) -> Retried:
    """Try again to map records that were set aside: admins."""
    return await sources_acting.retry_set_aside(info.context, made(input, inputs.RetrySetAside))
