"""How large an operation may be: a number for each way in which a document or its variables can be made to cost time.

Everything is counted before graphql-core's validation sees the document, and by steps that grow no faster than its text:
what validation then does is bounded by these numbers (docs/decisions/limits.md).
"""

from dataclasses import dataclass

from execution.errors import RequestRefused

COST_EXCEEDED = "COST_EXCEEDED"
TIMEOUT = "TIMEOUT"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken. Sizes in bytes of UTF-8, times in seconds, everything else is counted."""

    bytes: int = 100_000
    tokens: int = 3_000
    """Words, numbers, texts and signs of a document."""
    nesting: int = 60
    """Brackets of all kinds within each other, in the document's text."""
    depth: int = 20
    """Fields within fields, with fragments written out."""
    fields: int = 4_000
    """Fields and values of all operations and fragments, each with its fragments written out."""
    repeats: int = 10_000
    """How much there is to compare where the same name is selected more than once: each field with each other of its
    name, and their arguments."""
    aliases: int = 50
    root_fields: int = 30
    directives: int = 50
    fragments: int = 100
    operations: int = 50
    list_items: int = 500
    """Entries of one list in the variables or the arguments."""
    input_depth: int = 10
    """Lists and objects within each other in the variables or in one argument."""
    input_values: int = 5_000
    """All values in the variables."""
    errors: int = 20
    """How many mistakes of one request are told; the rest is not looked for."""
    cost: int = 10_000
    """What one operation may cost (cost.py)."""
    seconds: float = 10.0
    """How long a query, the opening of a subscription, or one of its answers may take."""


class TooDear(RequestRefused):
    """An operation that costs more than any may: that was found out for next to nothing."""


def exceeded(what: str, words: str, limit: float, value: float, code: str) -> RequestRefused:
    """Refuse for a limit. `what` names it for programs; `words` have `{limit}` and `{value}` where those belong."""
    message = words.format(limit=_shown(limit), value=_shown(value))
    return RequestRefused(
        [{"message": message, "extensions": {"code": code, "limited": what, "limit": limit, "value": value}}], code
    )


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,g}"
