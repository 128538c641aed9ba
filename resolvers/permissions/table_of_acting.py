"""What can be done, and by whom. What an input may hold goes by the mutation; what a payload shows goes by the type.

A payload shows its report also to an API key that may act and not read.
"""

from domain.vocabulary import ReportAction
from resolvers.permissions.audiences import (
    ACT,
    ADMINS,
    AGENCY_PARTNER,
    EVERYONE,
    FORWARDERS,
    NOT_OWN,
    OWN,
    PARTNERS,
    RECORD,
    REPORTER,
    REPORTER_OR_DISPATCH,
    SETTLERS,
    SPEAKERS,
    SUBMIT,
)
from resolvers.permissions.entries import Table, TypeEntry

ENTRY_OF = {
    ReportAction.ADD_PHOTOS: "Mutation.addPhotos",
    ReportAction.SUPPORT: "Mutation.supportReport",
    ReportAction.COMMENT: "Mutation.commentOnReport",
    ReportAction.WITHDRAW: "Mutation.withdrawReport",
    ReportAction.SET_CONFIDENTIAL: "Mutation.setConfidential",
    ReportAction.FORWARD: "Mutation.forwardToLapor",
}
"""The mutation that stands for an action. What has none yet, nobody may."""

_PAYLOADS = {
    "SubmitReport": "report followToken possibleDuplicates",
    "AddPhotos": "report photos",
    "SupportReport": "report",
    "UnsupportReport": "report",
    "CommentOnReport": "report comment",
    "WithdrawReport": "report",
    "SetConfidential": "report",
    "ForwardToLapor": "report forwarding",
    "SettleForwarding": "forwarding",
    "RecordAgencyStatus": "report",
    "SyncSource": "source",
    "RetrySetAside": "mapped stillAside",
    "RevokeAccess": "issuedBefore apiKeysEnded",
}
_INPUTS = {
    "AddPhotos": "reportId photos phase followToken",
    "SupportReport": "reportId",
    "UnsupportReport": "reportId",
    "CommentOnReport": "reportId text followToken",
    "WithdrawReport": "reportId note followToken ifUnchangedSince",
    "SetConfidential": "reportId confidential followToken ifUnchangedSince",
    "ForwardToLapor": "reportId note",
    "SettleForwarding": "forwardingId outcome externalRef note",
    "RecordAgencyStatus": "reportId status at note agencyRef ifUnchangedSince",
    "SyncSource": "source",
    "RetrySetAside": "ids",
    "RevokeAccess": "subject tokenId agency issuedBefore",
}

OF_ACTING: Table = {
    "Mutation": TypeEntry(
        EVERYONE,
        {
            EVERYONE.needing(SUBMIT): "submitReport(input)",
            SPEAKERS.needing(SUBMIT): "addPhotos(input)",
            NOT_OWN.needing(ACT): "supportReport(input) unsupportReport(input)",
            SPEAKERS.needing(ACT): "commentOnReport(input)",
            REPORTER.needing(ACT): "withdrawReport(input)",
            REPORTER_OR_DISPATCH.needing(ACT): "setConfidential(input)",
            FORWARDERS.needing(ACT): "forwardToLapor(input)",
            SETTLERS.needing(ACT): "settleForwarding(input)",
            AGENCY_PARTNER.needing(RECORD): "recordAgencyStatus(input)",
            ADMINS: "syncSource(input) retrySetAside(input) revokeAccess(input)",
        },
    ),
    "SubmitReportInput": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "text category title address photos location area anonymous confidential contact forwardContact "
            "floodDepthCm reportedAt idempotencyKey",
            PARTNERS: "sourceRef",
        },
    ),
    "ContactInput": TypeEntry(EVERYONE, {EVERYONE: "name phone email"}),
    **{f"{name}Input": TypeEntry(EVERYONE, {EVERYONE: f"{more} idempotencyKey"}) for name, more in _INPUTS.items()},
    **{f"{name}Payload": TypeEntry(EVERYONE, {OWN: f"{more} userErrors"}) for name, more in _PAYLOADS.items()},
    "UserError": TypeEntry(EVERYONE, {EVERYONE: "code message path"}),
}
