"""Submitting a report."""

from typing import Annotated, Any

from resolvers import duplicates, inputs, reports, submitting
from schema.fields import Keywords, argument, batch, column, given, input_type, once, output, owed
from schema.inputs import made
from schema.mutation_arguments import REPORT, key_field, user_errors
from schema.place import CoordinatesInput
from schema.possible_duplicate import PossibleDuplicate
from schema.report import Report
from schema.scalars import DateTime, Upload
from schema.user_error import UserError


@input_type
class ContactInput:
    """How the city can reach the reporter. Kept encrypted, given on only with consent, and never told to anybody
    through this interface."""

    name: str | None = given("The reporter's name.")
    phone: str | None = given("A telephone number.")
    email: str | None = given("An e-mail address.")

    def plain(self) -> inputs.GivenContact:
        """As the resolvers take it."""
        return made(self, inputs.GivenContact)


@input_type
class SubmitReportInput:
    """A new report. Its place is owed: `location`, or `area` where no point is known."""

    text: str = owed("What is the matter, in the reporter's own words.")
    category: str = owed("The code of an active category.")
    title: str | None = given("A headline.")
    address: str | None = given("The place in words.")
    photos: list[Upload] | None = given("Photos: see `limits`. What the camera wrote into them is removed.")
    location: CoordinatesInput | None = given("Where it is.")
    area: str | None = given("The code of the area where it is, when no point is known.")
    anonymous: bool | None = given("Hide who told it (*anonim*).", default=False)
    confidential: bool | None = given(
        "Hide the report from all but its reporter, the agency that has it, dispatchers and admins (*rahasia*).",
        default=False,
    )
    contact: ContactInput | None = given("How the city can reach the reporter.")
    forward_contact: bool | None = given(
        "Consent to give `contact` on to LAPOR together with the report.", default=False
    )
    flood_depth_cm: int | None = given("How deep the water stands, in centimetres.")
    source_ref: str | None = given("With an API key: the partner's own number of it, once per partner.")
    reported_at: DateTime | None = given(
        "When it was written, if that was offline: up to 30 days ago. Without it, or up to 15 minutes ahead: now."
    )
    idempotency_key: str | None = key_field()


@output
class SubmitReportPayload:
    """What became of a submission."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    follow_token: str | None = column(
        "follow_token",
        "What proves to be the reporter without an account: keep it. It is told to the submitter alone, and once more only to a "
        "retry with the same `idempotencyKey`.",
    )
    possible_duplicates: list[PossibleDuplicate] = batch(
        duplicates.duplicates_of_submitted, "Reports that may tell of the same; support one of them instead, perhaps."
    )
    user_errors: list[UserError] = user_errors()


def _given(input: Annotated[SubmitReportInput, argument("The report.")]) -> Keywords:
    return {"given": made(input, inputs.SubmitReport)}


def submit_report() -> Any:
    """The field `submitReport`."""
    return once(submitting.submit, _given, "Tell the city something. Nobody has to sign in for it.")
