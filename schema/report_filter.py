"""Which reports somebody asks for."""

from typing import Annotated

import strawberry

from resolvers import filters
from schema.arguments import or_none
from schema.enums import ForwardingState, ReportStatus
from schema.fields import argument, given, input_type
from schema.inputs import made
from schema.place import BoundingBoxInput, NearInput
from schema.scalars import DateTime


@input_type
class ReportFilter:
    """Which reports: all conditions that are given must hold. An empty list matches nothing. A code that names nothing
    is refused."""

    ids: list[strawberry.ID] | None = given("Only these, at most 100; an id that names nothing matches nothing.")
    statuses: list[ReportStatus] | None = given("Only reports in one of these states.")
    open: bool | None = given("True: only those that somebody still has to do something about. False: only the others.")
    categories: list[str] | None = given("Codes of categories; the categories under them count too.")
    sources: list[str] | None = given("Codes of sources.")
    agencies: list[str] | None = given("Codes of agencies: those that have the report now.")
    areas: list[str] | None = given("Codes of areas; the areas within them count too.")
    within: BoundingBoxInput | None = given("Only reports that lie in this rectangle.")
    near: NearInput | None = given("Only reports that lie in this circle.")
    reported_within_hours: int | None = given(
        "Only reports told in the last so many hours. To be preferred to a `reportedAfter` that moves: the answer can be shared."
    )
    reported_after: DateTime | None = given("Only reports told at this moment or later.")
    reported_before: DateTime | None = given("Only reports told before this moment.")
    updated_after: DateTime | None = given(
        "Only reports that changed after this moment. Refused in subscriptions and in `events`: use `after`."
    )
    search: str | None = given(
        'Words, Indonesian or English, all of which must be there; "a phrase" in quotes; -word must not be there (never '
        "alone). Refused in `reportEvents` and `events`."
    )
    has_photos: bool | None = given("Only reports with photos, or only those without.")
    breached: bool | None = given("Only reports that missed a deadline, or only those that did not.")
    duplicates: bool | None = given("Only reports that were merged into another, or only those that were not.")
    mine: bool | None = given(
        "True: only what this viewer told itself, by account or by the follow tokens it shows; false: only the rest. Without a "
        "person: UNAUTHENTICATED. Partners without follow tokens: FORBIDDEN; `sources` with their own code lists theirs."
    )
    confidential: bool | None = given("Only confidential reports, or only public ones. Staff only.")
    forwardings: list[ForwardingState] | None = given(
        "Only reports with a forwarding in one of these states. Staff only."
    )
    source_disagrees: bool | None = given(
        "Only reports whose source tells another state than the hub (`sourceStatusMeans`), or only the rest. Staff only."
    )


Filter = Annotated[ReportFilter | None, argument("Which reports; without it all that this viewer may see.")]


def filter_of(given: ReportFilter | None) -> filters.ReportFilter | None:
    """The filter as the resolvers take it."""
    asked = or_none(given)
    return None if asked is None else made(asked, filters.ReportFilter)
