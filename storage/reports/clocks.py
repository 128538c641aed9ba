"""A report's clocks as columns."""

from collections.abc import Mapping

from domain.report import Clocks


def clock_columns(clocks: Clocks) -> Mapping[str, int | None]:
    """Deadlines, what became of them, and the next one that is unmet."""
    return {
        "respond_by": clocks.respond_by,
        "resolve_by": clocks.resolve_by,
        "responded_at": clocks.responded_at,
        "resolved_at": clocks.resolved_at,
        "due_at": clocks.due_at,
    }
