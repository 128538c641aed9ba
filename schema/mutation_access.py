"""Ending what somebody has already: tokens and API keys."""

from typing import Annotated

import strawberry

from resolvers import inputs, revoking
from resolvers.outcomes import AccessRevoked
from schema.arguments import Info
from schema.fields import argument, column, given, input_type, output
from schema.inputs import made
from schema.mutation_arguments import key_field, user_errors
from schema.scalars import DateTime
from schema.user_error import UserError


@input_type
class RevokeAccessInput:
    """Whose tokens no longer hold: one of `subject`, `tokenId` and `agency`; with `issuedBefore` alone everybody's."""

    subject: str | None = given("Whom the tokens are of: their `sub`.")
    token_id: strawberry.ID | None = given("The `jti` of one token, or the id of an API key.")
    agency: str | None = given("The code of an agency: its people's tokens, and all of its API keys for good.")
    issued_before: DateTime | None = given(
        "What was issued before this moment no longer holds, and what is issued later does; now, where it is left out."
    )
    idempotency_key: str | None = key_field()


@output
class RevokeAccessPayload:
    """What became of revoking."""

    issued_before: DateTime | None = column(
        "issued_before", "What was issued before this moment no longer holds; null for a single token or key."
    )
    api_keys_ended: int = column("api_keys_ended", "How many API keys held until now, and do no longer.")
    user_errors: list[UserError] = user_errors()


async def revoke_access(
    info: Info, input: Annotated[RevokeAccessInput, argument("Whose tokens, or which.")]
) -> AccessRevoked:
    """End tokens or API keys that were given out: admins. Within five seconds they open nothing any more, and sockets
    and event streams that they opened are closed.
    """
    return await revoking.revoke_access(info.context, made(input, inputs.RevokeAccess))
