"""The closed sets of words, with what each word means. The words are the domain's; here they get their descriptions."""

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.areas import AreaLevel
from domain.vocabulary import (
    EventKind,
    FloodState,
    ForwardingOutcome,
    ForwardingState,
    LaporStatus,
    Locale,
    LocationPrecision,
    PhotoPhase,
    ReportAction,
    ReportStatus,
    Role,
    SourceKind,
    SourceState,
)
from resolvers.flood_change import ChangeKind
from resolvers.reports import ReportOrder
from resolvers.statistics import StatisticsBucket
from resolvers.user_errors import UserErrorCode

__all__ = [
    "AreaLevel",
    "ChangeKind",
    "EventKind",
    "FloodState",
    "ForwardingOutcome",
    "ForwardingState",
    "LaporStatus",
    "Locale",
    "LocationPrecision",
    "PhotoPhase",
    "ReportAction",
    "ReportOrder",
    "ReportStatus",
    "Role",
    "SourceKind",
    "SourceState",
    "StatisticsBucket",
    "UserErrorCode",
]


def _describe(kind: type[Enum], description: str, values: Mapping[str, str], *, name: str | None = None) -> None:
    """Makes an enum of the domain one of the schema. Words without a description are not part of it."""
    strawberry.enum(kind, name=name, description=description)
    definition: StrawberryEnumDefinition = vars(kind)["__strawberry_definition__"]
    by_name: dict[str, Any] = {value.name: value for value in definition.values}
    definition.values = [by_name[word] for word in values]
    for word, meaning in values.items():
        by_name[word].description = inspect.cleandoc(meaning)


_describe(
    ReportStatus,
    "How far a report is.",
    {
        "SUBMITTED": "It came in; nobody has looked at it yet.",
        "VERIFIED": "Somebody of the city found it to be true.",
        "ASSIGNED": "An agency or a responder has it.",
        "IN_PROGRESS": "Somebody is working on it.",
        "RESOLVED": "The work is done; the reporter may say whether it is.",
        "CLOSED": "Finished for good.",
        "REJECTED": "Not for the city to solve, or not true; the note tells why.",
        "DUPLICATE": "It tells of the same as another report and was merged into that one (`duplicateOf`).",
        "WITHDRAWN": "Its reporter, or its source, took it back.",
    },
)
_describe(
    PhotoPhase,
    "When a photo was taken, as seen from the work.",
    {"BEFORE": "It shows what was reported.", "AFTER": "It shows what has become of it."},
)
_describe(
    ReportAction,
    "What may be done to a report.",
    {
        "ADD_PHOTOS": "`addPhotos`.",
        "SUPPORT": "`supportReport`, `unsupportReport`.",
        "COMMENT": "`commentOnReport`.",
        "WITHDRAW": "`withdrawReport`.",
        "SET_CONFIDENTIAL": "`setConfidential`.",
        "FORWARD": "`forwardToLapor`.",
        "UPDATE": "Correct its words, category or place.",
        "VERIFY": "Confirm that it is true.",
        "REJECT": "Refuse it, with a reason.",
        "MERGE": "Merge it into another report of the same thing.",
        "SPLIT": "Take it out of the report that it was merged into.",
        "ASSIGN": "Give it to an agency or a responder.",
        "ACCEPT": "Take it on when it is offered.",
        "DECLINE": "Leave it to somebody else when it is offered.",
        "START": "Say that the work has begun.",
        "RESOLVE": "Say that the work is done.",
        "CLOSE": "Finish it for good.",
        "REOPEN": "Take it up again.",
        "RATE": "Tell how well it was solved.",
        "HIDE": "Hide a comment or a photo of it.",
    },
)
_describe(
    ForwardingState,
    "What became of a hand-over to another system.",
    {
        "QUEUED": "It waits to be sent, for the first time or again.",
        "SENT": "The other system has it.",
        "UNKNOWN": "The request went out and no answer came back. It is never sent again by itself: a dispatcher settles it.",
        "FAILED": "The other system refused it, or it was tried too often.",
        "CANCELLED": "Given up before it arrived.",
    },
)
_describe(
    ForwardingOutcome,
    "How a dispatcher settles a forwarding that is UNKNOWN.",
    {
        "ARRIVED": "The other system has it after all.",
        "SEND_AGAIN": "It never arrived: send it once more.",
        "GIVE_UP": "Leave it; it counts as cancelled.",
    },
)
_describe(
    LocationPrecision,
    "How exactly this viewer is told the place.",
    {
        "EXACT": "As it was told.",
        "FUZZED": "Moved on purpose, for this viewer: the middle of a hexagon of about 200 m.",
        "AREA": "Only its area is known.",
        "UNKNOWN": "No place was told at all.",
    },
)
_describe(Locale, "The hub's languages.", {"ID": "Indonesian.", "EN": "English."})
_describe(
    AreaLevel,
    "How large an area is in the country's order of areas.",
    {
        "PROVINCE": "A province (*provinsi*): DKI Jakarta.",
        "CITY": "A city or regency (*kota*, *kabupaten*).",
        "DISTRICT": "A district (*kecamatan*).",
        "SUBDISTRICT": "An urban village (*kelurahan*), the smallest one that reports are counted by.",
        "RW": "A neighbourhood (*rukun warga*) within a kelurahan.",
    },
)
_describe(
    FloodState,
    "Peta Jakarta's states of flooding, rising from none to severe.",
    {
        "NONE": "No flooding is known.",
        "CAUTION": "There is water; how deep is not known.",
        "MINOR": "10 to 70 cm of water.",
        "MODERATE": "71 to 150 cm of water.",
        "SEVERE": "More than 150 cm of water.",
    },
)
_describe(
    LaporStatus,
    "LAPOR's states as the hub reads them. A word of LAPOR's that fits none of them is in `sourceStatus` alone.",
    {
        "UNVERIFIED": "Nobody at LAPOR has looked at it yet (*belum diverifikasi*).",
        "VERIFIED": "LAPOR found it complete.",
        "DISPOSED": "Handed on to the agency in charge (*disposisi*).",
        "IN_PROGRESS": "The agency is working on it.",
        "DONE": "The agency has answered that it is solved.",
        "CLOSED": "LAPOR closed it.",
        "REJECTED": "LAPOR did not take it.",
    },
)
_describe(
    SourceKind,
    "What sort of system a source is.",
    {
        "HUB": "Simpul itself: what was submitted here.",
        "CITIZEN_APP": "An app that citizens report with.",
        "FLOOD_MAP": "A map of flooding.",
        "COMPLAINT_SYSTEM": "A government's system of complaints.",
        "PARTNER": "A partner that submits with an API key.",
        "REFERENCE": "A source of facts, such as boundaries, and not of reports.",
    },
)
_describe(
    SourceState,
    "How the connector to a source is doing.",
    {
        "UP": "It answers as it should.",
        "DEGRADED": "It fails now and then, or in part, or not for long yet.",
        "DOWN": "It has failed for a while; what the hub tells of it is as old as `lagSeconds` says.",
        "DISABLED": "It is switched off.",
    },
)
_describe(
    EventKind,
    "What happened to a report.",
    {
        "CREATED": "It came in.",
        "UPDATED": "Its words, category, place or deadlines changed, here or at its source.",
        "STATUS_CHANGED": "It went from `previousStatus` to `status`.",
        "COMMENTED": "Somebody commented.",
        "COMMENT_HIDDEN": "A comment was hidden, or shown again.",
        "PHOTO_ADDED": "A photo was added.",
        "PHOTO_HIDDEN": "A photo was hidden, or shown again.",
        "SUPPORTED": "Somebody supports it.",
        "UNSUPPORTED": "Somebody took support back.",
        "MERGED": "It was merged into `otherReport`, or that one into it.",
        "SPLIT": "It was taken apart from `otherReport`.",
        "FORWARDED": "It was handed to another system, or news of that came back.",
        "VISIBILITY_CHANGED": "It became confidential, or public.",
        "ASSIGNED": "An agency or a responder got it.",
        "OFFERED": "It was offered to a responder. Staff only.",
        "DECLINED": "A responder declined it. Staff only.",
        "OFFER_EXPIRED": "An offer ran out unanswered. Staff only.",
        "AT_RISK": "A deadline is near. Staff only.",
        "BREACHED": "A deadline passed unmet.",
        "ESCALATED": "It was raised to somebody higher up.",
        "RATED": "Its reporter told how well it was solved.",
        "ERASED": "It was removed for good.",
    },
    name="ReportEventKind",
)
_describe(
    ChangeKind,
    "What a message of `floodAreas` is.",
    {
        "SNAPSHOT": "How an area is as you join.",
        "SNAPSHOT_END": "You have all of them; drop what you held before and did not get now.",
        "CHANGED": "What happens from then on.",
    },
)
_describe(
    ReportOrder,
    "How a list of reports is ordered.",
    {
        "NEWEST": "By `reportedAt`, the latest first.",
        "OLDEST": "By `reportedAt`, the earliest first.",
        "RECENTLY_UPDATED": "By `updatedAt`, the latest first. A report that changes meanwhile may be skipped or repeated.",
        "NEAREST": "By distance from `near`, which it needs.",
        "MOST_SUPPORTED": "By `supportCount`, the highest first. It may change between two pages.",
        "DUE_FIRST": "By `deadlines.dueAt`, the earliest first, those without one last. It may change between two pages.",
    },
)
_describe(
    StatisticsBucket,
    "What statistics are split by. Hours, days and weeks are those of Asia/Jakarta.",
    {
        "HOUR": "By hour of `reportedAt`.",
        "DAY": "By day of `reportedAt`.",
        "WEEK": "By week of `reportedAt`, beginning on Monday.",
        "CATEGORY": "By category.",
        "STATUS": "By status.",
        "SOURCE": "By source.",
        "AREA": "By kelurahan.",
        "AGENCY": "By the agency that has them.",
    },
)
_describe(
    Role,
    "Who somebody is to the hub.",
    {
        "ANONYMOUS": "Nobody in particular.",
        "CITIZEN": "Somebody with an account.",
        "RESPONDER": "An officer of an agency who goes there.",
        "DISPATCHER": "Who sees all reports and sends somebody.",
        "PARTNER": "Another system, with an API key.",
        "ADMIN": "Who runs the hub.",
    },
)
_describe(
    UserErrorCode,
    "What is wrong with an input. Programs go by the code, people by the message.",
    {
        "REQUIRED": "It is owed and was left out.",
        "INVALID": "It does not make sense.",
        "TOO_SHORT": "It is shorter than allowed.",
        "TOO_LONG": "It is longer than allowed.",
        "TOO_LARGE": "The file is larger than allowed.",
        "TOO_MANY": "There are more than allowed.",
        "UNKNOWN": "The code names nothing.",
        "NOT_FOUND": "There is none, or none that this viewer may see.",
        "OUT_OF_AREA": "The place is not in Jakarta.",
        "IN_THE_FUTURE": "The moment lies ahead of the hub's clock.",
        "UNSUPPORTED_MEDIA_TYPE": "The file is not of a kind that is taken.",
        "BROKEN_MEDIA": "The file cannot be read as what it is.",
        "NOT_POSSIBLE_IN_STATE": "Not as things are with the report now.",
        "ALREADY_DONE": "It was so already.",
        "CONFLICT": "It changed meanwhile, or the idempotency key was used for something else.",
        "UNAUTHENTICATED": "It takes somebody who is signed in, or a follow token.",
        "FORBIDDEN": "This viewer may see it but not do it.",
        "EXPIRED": "It was good once and no longer is.",
        "SOURCE_UNAVAILABLE": "The other system cannot be reached, or is switched off.",
    },
)
