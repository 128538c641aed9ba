"""Reports that may tell of the same."""

from schema.fields import column, output
from schema.references import ReportRef


@output
class PossibleDuplicate:
    """A report that may tell of the same thing, by category, place, time and words."""

    report: ReportRef = column("report", "The other report.")
    score: float = column("score", "How alike the two are: 0 not at all, 1 the same.")
    distance_meters: float = column(
        "distance_m", "How far apart they lie, in metres, by the places that this viewer may see."
    )
