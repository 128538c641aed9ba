"""How a mutation says no: with every fault it found, and nothing done."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from domain.vocabulary import Locale
from resolvers.user_errors import Fault, UserErrorCode


class Refused(Exception):
    """The mutation does nothing; raised within a write it undoes that as well. The mutation turns it into `userErrors`."""

    def __init__(self, *faults: Fault, report_id: int | None = None) -> None:
        super().__init__(", ".join(f"{fault.code} at {'.'.join(fault.path) or 'input'}" for fault in faults))
        self.faults: Sequence[Fault] = faults
        self.report_id = report_id
        """The report that it is about, where the input does not name it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Refused, report_id=self.report_id), tuple(self.faults)


def fault(code: UserErrorCode, indonesian: str, english: str, *path: str) -> Fault:
    """A fault in the words of both languages; `path` is relative to `input`."""
    return Fault(code, {Locale.ID: indonesian, Locale.EN: english}, path)
