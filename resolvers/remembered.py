"""What a process remembers of submissions, so that the next one need not ask the store before it writes.

Each is a hint that the store has the last word on: a category that is known may have been closed since, and the write
looks; one that is not known is asked for; a key that was not seen here may have been used elsewhere, and the write looks.
"""

from dataclasses import replace

from domain.recent import Recent
from storage.reports.submitting import Known
from storage.writing.idempotency import KeyedCall

_KEYS = 20_000
"""How many idempotency keys are remembered: those of some minutes at the fastest."""


class Remembered:
    """Hints of one process."""

    def __init__(self) -> None:
        self.hub_source_id: int | None = None
        self._categories: dict[str, Known] = {}
        self._keys: Recent[tuple[str, bytes], bool] = Recent(_KEYS)

    def category(self, code: str) -> Known | None:
        """A category that was in use when it was looked up, as for a submission whose area, if it names one, is known."""
        return self._categories.get(code)

    def note_category(self, code: str, known: Known) -> None:
        """A category was looked up; only one that may be used is worth remembering."""
        if known.category_active:
            self._categories[code] = replace(known, area=True)

    def has_seen(self, call: KeyedCall) -> bool:
        """Whether a call with this key was made here lately."""
        return self._keys.get(call.name) is not None

    def note_key(self, call: KeyedCall) -> None:
        """A call with this key is about to be made."""
        self._keys.put(call.name, True)
