"""Hands a report to another system, once, and tells what came of it: an answer is always one of four."""

import asyncio
import logging
from typing import TypeAlias

from domain.sink import (
    Forwarder,
    Submission,
    SubmissionRefused,
    SubmissionUnavailable,
    SubmissionUnknown,
    Submitted,
)

log = logging.getLogger("simpul.outbox")

Answer: TypeAlias = Submitted | SubmissionRefused | SubmissionUnavailable | SubmissionUnknown

TIMED_OUT = "The other system did not answer in time; the report may have arrived."
NO_ANSWER = "The request went out and no answer came back; the report may have arrived."
NO_NUMBER = "The other system's answer had no usable number; the report may have arrived."
STOPPED = "The hub was stopped while the request was under way; the report may have arrived."
_LONGEST_NUMBER = 64


async def ask(forwarder: Forwarder, submission: Submission, seconds: float) -> Answer:
    """Sends it and waits at most so long. Whatever a forwarder does that it should not leaves it unknown what happened.

    The time limit holds even for a forwarder that cannot be interrupted. Raises CancelledError alone.
    """
    request = asyncio.create_task(forwarder.submit(submission), name="a report on its way")
    try:
        await asyncio.wait({request}, timeout=seconds)
        return _answer_of(request)
    finally:
        request.cancel()


def _answer_of(request: "asyncio.Task[Submitted]") -> Answer:
    if not request.done():
        return SubmissionUnknown(TIMED_OUT)
    if request.cancelled():
        return SubmissionUnknown(NO_ANSWER)
    match request.exception():
        case None:
            return _checked(request.result())
        case SubmissionRefused() | SubmissionUnavailable() as answer:
            return answer
        case SubmissionUnknown() as answer:
            log.warning("a report may have arrived: %s", answer)
            return SubmissionUnknown(NO_ANSWER)
        case fault:
            log.error("a forwarder failed with what it may not raise", exc_info=fault)
            return SubmissionUnknown(NO_ANSWER)


def _checked(answer: Submitted) -> Answer:
    """A number that the hub can keep, or none at all."""
    number = answer.external_ref
    if number.strip() and number.isprintable() and len(number) <= _LONGEST_NUMBER:
        return answer
    log.error("a report was taken under a number of %d characters that cannot be kept", len(number))
    return SubmissionUnknown(NO_NUMBER)
