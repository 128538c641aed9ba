"""What the inputs of mutations have in common, and what their payloads do."""

from typing import Any

from schema.fields import column, given

KEY = (
    "A secret of 22 to 128 characters that the client draws for this call and sends again with each retry: it is done once, "
    "and a retry gets the same answer. Kept 40 days, for this person or partner."
)
TOKEN = "The follow token of this report, for a reporter without an account."
UNCHANGED = "The report's `updatedAt` as the client knows it: if it changed since, nothing is done (CONFLICT)."
REPORT = "The report as it now is, also beside `userErrors`, where this viewer may see it."


def key_field() -> Any:
    """The field `idempotencyKey`."""
    return given(KEY)


def user_errors() -> Any:
    """The field `userErrors`."""
    return column(
        "faults",
        "What was wrong with the input: all that was found, at once. Where there is any, nothing was done.",
        list,
    )
