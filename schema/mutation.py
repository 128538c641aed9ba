"""What can be done."""

from schema import mutation_access as access
from schema import mutation_acting as acting
from schema import mutation_forwarding as forwarding
from schema import mutation_sources as sources
from schema import mutation_submitting as submitting
from schema.fields import field, output


@output
class Mutation:
    """
    What can be done. Each takes one `input` and answers with a payload of its own: what is wrong with the input is
    in its `userErrors`, and then nothing was done.
    With an `idempotencyKey` a call may be sent again without harm.
    """

    submit_report: submitting.SubmitReportPayload | None = submitting.submit_report()
    add_photos: acting.AddPhotosPayload | None = field(acting.add_photos)
    support_report: acting.SupportReportPayload | None = field(acting.support_report)
    unsupport_report: acting.UnsupportReportPayload | None = field(acting.unsupport_report)
    comment_on_report: acting.CommentOnReportPayload | None = field(acting.comment_on_report)
    withdraw_report: acting.WithdrawReportPayload | None = field(acting.withdraw_report)
    set_confidential: acting.SetConfidentialPayload | None = field(acting.set_confidential)
    forward_to_lapor: forwarding.ForwardToLaporPayload | None = field(forwarding.forward_to_lapor)
    settle_forwarding: forwarding.SettleForwardingPayload | None = field(forwarding.settle_forwarding)
    record_agency_status: acting.RecordAgencyStatusPayload | None = field(acting.record_agency_status)
    sync_source: sources.SyncSourcePayload | None = field(sources.sync_source)
    retry_set_aside: sources.RetrySetAsidePayload | None = field(sources.retry_set_aside)
    revoke_access: access.RevokeAccessPayload | None = field(access.revoke_access)
