"""When a source is asked next: the poll interval, back-off after failures, and the circuit breaker. Arithmetic, no I/O.

- Runs start one poll interval apart, measured from start to start and a little less by chance, so that many sources do
  not fall into step and no interval is ever longer than promised.
- After a failure the wait is drawn from 0 to base × 2ⁿ ("full jitter"), never longer than the poll interval.
- After `failures_to_open` failures in a row the breaker is open: the source is DOWN and asked once a poll interval (the
  half-open probe); the first success closes it.
- A refusal (credentials, request) opens at once: asking again soon would only be a nuisance, or lock us out.
"""

import random
from dataclasses import dataclass

from connectors.errors import NotAuthorised, PartlyUnavailable, SourceFailure, SourceRefused
from domain.vocabulary import SourceState


@dataclass(frozen=True, slots=True)
class Policy:
    """The runner's own numbers, the same for all sources. Seconds, unless a name says otherwise."""

    lease_seconds: float = 30
    run_seconds: float = 600
    request_poll_seconds: float = 1
    photo_poll_seconds: float = 30
    grace_seconds: float = 5
    stop_seconds: float = 10
    backoff_seconds: float = 1
    failures_to_open: int = 5
    refused_seconds: float = 300
    poll_jitter: float = 0.1
    photo_attempts: int = 8
    photo_megabytes: float = 10
    photos_at_once: int = 4


class Schedule:
    """One source's memory of how its runs went."""

    def __init__(self, policy: Policy, poll_seconds: float, rng: random.Random) -> None:
        self._policy = policy
        self._poll = poll_seconds
        self._rng = rng
        self.failures = 0
        self.state = SourceState.UP

    def succeeded(self) -> float:
        """A run brought all. Gives the seconds from its start to the next run."""
        self.failures = 0
        self.state = SourceState.UP
        return self._next_poll()

    def failed(self, failure: SourceFailure) -> float:
        """A run failed. Gives the seconds from its end to the next one."""
        if isinstance(failure, PartlyUnavailable):
            self.failures = 0
            self.state = SourceState.DEGRADED
            return max(self._next_poll(), failure.retry_after or 0)
        self.failures += 1
        if isinstance(failure, NotAuthorised | SourceRefused):
            self.failures = max(self.failures, self._policy.failures_to_open)
        opened = self.failures >= self._policy.failures_to_open
        self.state = SourceState.DOWN if opened else SourceState.DEGRADED
        return max(self._wait(failure, opened), failure.retry_after or 0)

    def _wait(self, failure: SourceFailure, opened: bool) -> float:
        if isinstance(failure, NotAuthorised | SourceRefused):
            return max(self._next_poll(), self._policy.refused_seconds)
        if opened:
            return self._next_poll()
        longest = min(self._poll, self._policy.backoff_seconds * 2.0**self.failures)
        return self._rng.uniform(0, longest)

    def _next_poll(self) -> float:
        return self._poll * (1 - self._policy.poll_jitter * self._rng.random())
