"""The closed vocabulary in which connectors say what went wrong. They raise nothing else.

    ConnectorError
    ├── SourceFailure         a run could not bring what it went for
    │   ├── SourceUnavailable     it does not answer, or not properly: try again later
    │   │   └── PartlyUnavailable     some of its answers came, others did not
    │   ├── NotUnderstood         it answers, but not in the format that the profile speaks
    │   ├── NotAuthorised         it refuses our credentials: a person must act
    │   └── SourceRefused         it says that the request itself is wrong: asking again will not help
    ├── CannotMap             one record that cannot be put into the hub's terms; the others go on
    ├── PushRefused           what a source pushed to us breaks the agreed form
    └── SettingsWrong         the configuration of a source is not usable

A connector *classifies*; what follows from it (waiting, opening the circuit breaker, what clients see) is the runner's.
"""

from dataclasses import dataclass

from domain.sink import SourceError


class ConnectorError(Exception):
    """Root of everything that a connector may raise."""


class SourceFailure(ConnectorError):
    """A run failed. `error` is what clients see of it; the message, with the source's own words, goes to the log."""

    def __init__(self, message: str, error: SourceError, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.retry_after = retry_after
        """Seconds that the source asked us to wait, where it said so."""


class SourceUnavailable(SourceFailure):
    """The source is not there, too slow, broken or too busy: try again later."""


class PartlyUnavailable(SourceUnavailable):
    """Some of the source's answers came and are stored; `failures` are those of the others, first one first."""

    def __init__(self, failures: "list[SourceFailure]") -> None:
        waits = [failure.retry_after for failure in failures if failure.retry_after is not None]
        words = "; ".join(str(failure) for failure in failures)
        super().__init__(words, failures[0].error, max(waits, default=None))
        self.failures = failures


class NotUnderstood(SourceFailure):
    """The answer is not what the profile speaks: HTML, broken JSON, a redirect, a missing column."""

    def __init__(self, message: str) -> None:
        super().__init__(message, SourceError.NOT_UNDERSTOOD)


class NotAuthorised(SourceFailure):
    """Our token or key was refused. Trying again soon could get us locked out."""

    def __init__(self, message: str) -> None:
        super().__init__(message, SourceError.NOT_AUTHORISED)


class SourceRefused(SourceFailure):
    """The source rejects the request for good; our side or its configuration must change."""

    def __init__(self, message: str) -> None:
        super().__init__(message, SourceError.REJECTED)


class CannotMap(ConnectorError):
    """One raw record cannot be mapped. `reason` is shown to admins and says which member is wrong, never a person's name."""

    def __init__(self, reason: str, source_ref: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source_ref = source_ref


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was pushed: `path` like `location.lat`, `message` in English."""

    path: str
    message: str


class PushRefused(ConnectorError):
    """A pushed body is not of the agreed form. All faults are named at once, so that a partner mends them in one go."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = faults


class SettingsWrong(ConnectorError, ValueError):
    """A source's settings are missing or wrong; the message names each and how to mend it, never a secret."""
