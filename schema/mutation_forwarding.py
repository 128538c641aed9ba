"""Handing reports to other systems."""

from typing import Annotated

import strawberry

from resolvers import forwarding, inputs, reports
from resolvers.outcomes import Forwarded
from schema.arguments import Info
from schema.enums import ForwardingOutcome
from schema.fields import argument, batch, given, input_type, output, owed
from schema.forwarding import Forwarding
from schema.inputs import made
from schema.mutation_arguments import REPORT, key_field, user_errors
from schema.report import Report
from schema.user_error import UserError


@input_type
class ForwardToLaporInput:
    """A report to be handed to LAPOR."""

    report_id: strawberry.ID = owed("The report. A confidential one goes to LAPOR only as confidential (*rahasia*).")
    note: str | None = given("What to tell LAPOR with it.")
    idempotency_key: str | None = key_field()


@output
class ForwardToLaporPayload:
    """What became of handing a report to LAPOR."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    forwarding: Forwarding | None = batch(
        forwarding.forwardings_by_id, "The hand-over that was begun; it is sent soon after.", key="forwarding_id"
    )
    user_errors: list[UserError] = user_errors()


@input_type
class SettleForwardingInput:
    """What became of a forwarding that is UNKNOWN."""

    forwarding_id: strawberry.ID = owed("The forwarding.")
    outcome: ForwardingOutcome = owed("What became of it, as the dispatcher found out.")
    external_ref: str | None = given("The number under which the other system has it; owed when it ARRIVED.")
    note: str | None = given("How that was found out; staff only.")
    idempotency_key: str | None = key_field()


@output
class SettleForwardingPayload:
    """What became of settling a forwarding."""

    forwarding: Forwarding | None = batch(
        forwarding.forwardings_by_id, "The forwarding as it now is.", key="forwarding_id"
    )
    user_errors: list[UserError] = user_errors()


async def forward_to_lapor(info: Info, input: Annotated[ForwardToLaporInput, argument("Which report.")]) -> Forwarded:
    """Hand a report to LAPOR: dispatchers and admins. It is queued; what becomes of it is told by FORWARDED events."""
    return await forwarding.forward_to_lapor(info.context, made(input, inputs.ForwardToLapor))


async def settle_forwarding(
    info: Info, input: Annotated[SettleForwardingInput, argument("What became of which forwarding.")]
) -> Forwarded:
    """Settle a forwarding of which nobody knows whether it arrived: dispatchers and admins."""
    return await forwarding.settle(info.context, made(input, inputs.SettleForwarding))
