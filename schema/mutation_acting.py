"""What may be done to a report that is there."""

from typing import Annotated

import strawberry

from execution import load
from resolvers import acting, comments, inputs, photos, reports
from resolvers.context import Context
from resolvers.outcomes import Commented, Done, PhotosAdded
from schema.arguments import Info
from schema.comment import Comment
from schema.enums import PhotoPhase, ReportStatus
from schema.fields import argument, batch, given, input_type, output, owed, value
from schema.inputs import made
from schema.mutation_arguments import REPORT, TOKEN, UNCHANGED, key_field, user_errors
from schema.photo import Photo
from schema.report import Report
from schema.scalars import DateTime, Upload
from schema.user_error import UserError
from storage.rows import PhotoRow


@input_type
class AddPhotosInput:
    """Photos for a report that is there."""

    report_id: strawberry.ID = owed("The report.")
    photos: list[Upload] = owed("The photos: see `limits`. All are added, or none.")
    phase: PhotoPhase | None = given(
        "Whether they show what was reported or what became of it.", default=PhotoPhase.BEFORE
    )
    follow_token: str | None = given(TOKEN)
    idempotency_key: str | None = key_field()


async def _photos_added(added: PhotosAdded, ctx: Context) -> list[PhotoRow]:
    asked = [load(ctx, photos.photos_by_id, each) for each in added.photo_ids]
    found: list[PhotoRow | None] = [await each for each in asked]
    return [photo for photo in found if photo is not None]


@output
class AddPhotosPayload:
    """What became of adding photos."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    photos: list[Photo] = value(_photos_added, "The photos that were added, in the order they were given.")
    user_errors: list[UserError] = user_errors()


@input_type
class SupportReportInput:
    """Support for a report."""

    report_id: strawberry.ID = owed("The report.")
    idempotency_key: str | None = given(
        "Draw one for each call and send it again with each retry, 22 to 128 characters. For somebody without an account it "
        "stands for the person: keep it to take the support back."
    )


@output
class SupportReportPayload:
    """What became of supporting a report."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    user_errors: list[UserError] = user_errors()


@input_type
class UnsupportReportInput:
    """Support taken back."""

    report_id: strawberry.ID = owed("The report.")
    idempotency_key: str | None = given(
        "The key of this call; for somebody without an account the one that the support was given with."
    )


@output
class UnsupportReportPayload:
    """What became of taking support back."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    user_errors: list[UserError] = user_errors()


@input_type
class CommentOnReportInput:
    """A comment on a report."""

    report_id: strawberry.ID = owed("The report.")
    text: str = owed("What to say, in plain text.")
    follow_token: str | None = given(TOKEN)
    idempotency_key: str | None = key_field()


@output
class CommentOnReportPayload:
    """What became of commenting."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    comment: Comment | None = batch(comments.comments_by_id, "The comment that was made.", key="comment_id")
    user_errors: list[UserError] = user_errors()


@input_type
class WithdrawReportInput:
    """A report that its reporter takes back."""

    report_id: strawberry.ID = owed("The report.")
    note: str | None = given("Why; all who see the report see it.")
    follow_token: str | None = given(TOKEN)
    idempotency_key: str | None = key_field()
    if_unchanged_since: DateTime | None = given(UNCHANGED)


@output
class WithdrawReportPayload:
    """What became of taking a report back."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    user_errors: list[UserError] = user_errors()


@input_type
class SetConfidentialInput:
    """Whether a report is to be confidential."""

    report_id: strawberry.ID = owed("The report.")
    confidential: bool = owed(
        "True: only its reporter, the agency that has it, dispatchers and admins see it (*rahasia*). False: everybody does."
    )
    follow_token: str | None = given(TOKEN)
    idempotency_key: str | None = key_field()
    if_unchanged_since: DateTime | None = given(UNCHANGED)


@output
class SetConfidentialPayload:
    """What became of making a report confidential or public."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    user_errors: list[UserError] = user_errors()


@input_type
class RecordAgencyStatusInput:
    """How far an agency is with a report that it has."""

    report_id: strawberry.ID = owed("The report.")
    status: ReportStatus = owed("How far it is.")
    at: DateTime | None = given("Since when, at most a day before the report's `reportedAt`; without it now.")
    note: str | None = given("What the agency says about it.")
    agency_ref: str | None = given("The number under which the agency keeps it.")
    idempotency_key: str | None = key_field()
    if_unchanged_since: DateTime | None = given(UNCHANGED)


@output
class RecordAgencyStatusPayload:
    """What became of recording an agency's status."""

    report: Report | None = batch(reports.report_acted_on, REPORT, rows_of="Report")
    user_errors: list[UserError] = user_errors()


async def add_photos(
    info: Info, input: Annotated[AddPhotosInput, argument("Which photos to which report.")]
) -> PhotosAdded:
    """Add photos to a report: its reporter, staff, and the partner agency that has it."""
    return await acting.add_photos(info.context, made(input, inputs.AddPhotos))


async def support_report(info: Info, input: Annotated[SupportReportInput, argument("Which report.")]) -> Done:
    """Say that a report matters to oneself too: once a person, also without an account."""
    return await acting.support(info.context, made(input, inputs.SupportReport))


async def unsupport_report(info: Info, input: Annotated[UnsupportReportInput, argument("Which report.")]) -> Done:
    """Take support back."""
    return await acting.unsupport(info.context, made(input, inputs.UnsupportReport))


async def comment_on_report(
    info: Info, input: Annotated[CommentOnReportInput, argument("What to say about which report.")]
) -> Commented:
    """Say something about a report: its reporter, staff, and the partner agency that has it."""
    return await acting.comment(info.context, made(input, inputs.CommentOnReport))


async def withdraw_report(info: Info, input: Annotated[WithdrawReportInput, argument("Which report.")]) -> Done:
    """Take a report back: its reporter, while nobody has solved or ended it. Who saw it sees it still: `setConfidential` hides."""
    return await acting.withdraw(info.context, made(input, inputs.WithdrawReport))


async def set_confidential(
    info: Info, input: Annotated[SetConfidentialInput, argument("Which report, and whether.")]
) -> Done:
    """Make a report confidential, or public again, in whatever state it is: its reporter, dispatchers and admins."""
    return await acting.set_confidential(info.context, made(input, inputs.SetConfidential))


async def record_agency_status(
    info: Info, input: Annotated[RecordAgencyStatusInput, argument("How far the agency is with which report.")]
) -> Done:
    """Tell how far an agency is: partners whose agency has staff of its own and has the report."""
    return await acting.record_agency_status(info.context, made(input, inputs.RecordAgencyStatus))
