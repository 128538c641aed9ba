"""What belongs to a report and has no id of its own. Deadlines and depth are read off the report's row."""

from schema.fields import column, output, value
from schema.scalars import DateTime


@output
class Reporter:
    """Who told a report, as far as this viewer may know."""

    display_name: str = column("display_name", "The name that this person goes by.")


@output
class FloodObservation:
    """What a report tells of the water."""

    depth_cm: int | None = column(
        "flood_depth_cm", "How deep the water stood, in centimetres; null when that was not told."
    )


@output
class Deadlines:
    """Until when something should have happened, counted from `receivedAt` by the category's minutes, and whether it
    did."""

    respond_by: DateTime | None = column("respond_by", "Until when somebody should have looked at it.")
    resolve_by: DateTime | None = column("resolve_by", "Until when it should be solved.")
    responded_at: DateTime | None = column("responded_at", "When somebody first did something about it.")
    resolved_at: DateTime | None = column(
        "resolved_at", "When it was solved or otherwise ended; null again when it is reopened."
    )
    due_at: DateTime | None = column("due_at", "The next of the two that is not met yet; what DUE_FIRST orders by.")
    respond_breached: bool = column(
        "respond_breached", "Whether `respondBy` passed unmet. It is recorded, with an event, when the time passes."
    )
    resolve_breached: bool = column(
        "resolve_breached", "Whether `resolveBy` passed unmet. It is recorded, with an event, when the time passes."
    )
    breached: bool = value(
        lambda report, _ctx: report.respond_breached or report.resolve_breached,
        "Whether either of the two passed unmet.",
        needs=("respond_breached", "resolve_breached"),
        at_once=True,
    )
