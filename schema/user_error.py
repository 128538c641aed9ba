"""What is wrong with a mutation's input."""

from resolvers.user_errors import Fault
from schema.enums import UserErrorCode
from schema.fields import column, output, value


def _path(fault: Fault, _ctx: object) -> list[str] | None:
    return list(fault.path) or None


@output
class UserError:
    """What is wrong with a mutation's input, told beside its result."""

    code: UserErrorCode = column("code", "What sort of mistake it is.")
    message: str = value(
        lambda fault, ctx: ctx.say(fault.message), "The mistake in words, in the request's language.", at_once=True
    )
    path: list[str] | None = value(
        _path, "Which part of `input`, field by field, places in lists as decimals; null when it is the whole."
    )
