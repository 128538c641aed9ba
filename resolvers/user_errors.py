"""What is wrong with a mutation's input, told beside its result and not instead of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.vocabulary import Locale


class UserErrorCode(StrEnum):
    """What sort of mistake it is; programs go by this, people by the message."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY = "TOO_MANY"
    UNKNOWN = "UNKNOWN"
    NOT_FOUND = "NOT_FOUND"
    OUT_OF_AREA = "OUT_OF_AREA"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    BROKEN_MEDIA = "BROKEN_MEDIA"
    NOT_POSSIBLE_IN_STATE = "NOT_POSSIBLE_IN_STATE"
    ALREADY_DONE = "ALREADY_DONE"
    CONFLICT = "CONFLICT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    EXPIRED = "EXPIRED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake. `path` is relative to `input`, in the contract's names, list positions as decimals: ("photos", "2")."""

    code: UserErrorCode
    message: Mapping[Locale, str]
    path: tuple[str, ...] = ()
