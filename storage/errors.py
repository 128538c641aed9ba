"""What can go wrong in the store, as callers need to tell it apart.

StoreError
├── StoreUnavailable   cannot be opened, with words for the person who runs the hub
├── Overloaded         too many writes wait, or the store is being closed; come again
├── OutcomeUnknown     the write may or may not have happened; retry with the same key
└── CountTimedOut      counting took longer than it may
"""


class StoreError(Exception):
    """The root of what this package raises."""


class StoreUnavailable(StoreError):
    """The store cannot be opened; the message says why and how to mend it."""


class Overloaded(StoreError):
    """Too many writes wait already, or none is taken any more. `retry_after` in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many writes wait")
        self.retry_after = retry_after


class OutcomeUnknown(StoreError):
    """The answer of a write was lost: it may have happened."""


class CountTimedOut(StoreError):
    """Counting took longer than it may."""
