"""A fetch of several parts (areas, gauges, reports): one part that fails does not keep back the others."""

from collections.abc import AsyncGenerator

from connectors.base import Page
from connectors.errors import PartlyUnavailable, SourceFailure
from domain.sink import SourceError

_WHOLE_HOST = (SourceError.TIMED_OUT, SourceError.REFUSED)


class Parts:
    """Runs the parts of one fetch one after another and tells at the end what failed."""

    def __init__(self) -> None:
        self.failures: list[SourceFailure] = []
        self.succeeded = 0

    async def pages(self, part: AsyncGenerator[Page, None]) -> AsyncGenerator[Page, None]:
        """One part's pages. Its failure is kept for `finish`, and raised at once where the whole host is away."""
        try:
            async for page in part:
                yield page
        except SourceFailure as failure:
            self.failures.append(failure)
            if failure.error in _WHOLE_HOST:
                self.finish()
        else:
            self.succeeded += 1
        finally:
            await part.aclose()

    def finish(self) -> None:
        """Raises what failed: as partial, if any part succeeded."""
        if self.failures and self.succeeded:
            raise PartlyUnavailable(self.failures)
        if self.failures:
            raise self.failures[0]
