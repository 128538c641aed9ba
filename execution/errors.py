"""What may go wrong with an operation, and how much of it a client is told.

    RequestRefused     the request, or the rest of its stream, will not be served; carries the errors as clients see them

An exception that is meant for the client is known by its shape, not by its class, so that the layers which raise it need
not import this package: it has `code: str` (capital letters, e.g. "INVALID_CURSOR") and `extensions: dict`; its text is
the message. Everything else is the hub's own failure: the client gets INTERNAL and a random id, the log gets the rest.
"""

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, Protocol, TypeGuard, runtime_checkable

from graphql import FieldNode, GraphQLError

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL = "INTERNAL"

FormattedError = dict[str, Any]
PresentError = Callable[[GraphQLError], FormattedError]

_log = logging.getLogger("simpul.execution")
_CODE = re.compile(r"[A-Z][A-Z_]+")


@runtime_checkable
class ClientMistake(Protocol):
    """The shape of an exception that a client may see: a code of the contract, and what else belongs to it."""

    @property
    def code(self) -> str:
        """One of the contract's codes."""

    @property
    def extensions(self) -> dict[str, Any]:
        """What a program needs beyond the code, such as retryAfter in seconds."""


class RequestRefused(Exception):
    """The request, or the rest of its stream, will not be served. `errors` are ready to be sent."""

    def __init__(self, errors: list[FormattedError], code: str) -> None:
        super().__init__("; ".join(str(error.get("message", "")) for error in errors))
        self.errors = errors
        self.code = code


def present_error(error: GraphQLError) -> FormattedError:
    """Say what a client may know of `error`; log the rest under an id if it is the hub's own failure."""
    cause = _root_cause(error)
    if is_client_mistake(cause):
        return _shown(error, str(cause), {**cause.extensions, "code": cause.code})
    if isinstance(cause, GraphQLError) and _is_about_input(cause):
        return _shown(error, cause.message, {"code": BAD_USER_INPUT, **(cause.extensions or {})})
    return _masked(error, cause)


def is_client_mistake(cause: object) -> TypeGuard[ClientMistake]:
    """Whether `cause` has the shape of `ClientMistake` (SQLAlchemy's errors have a code too, but not of that form)."""
    code = getattr(cause, "code", None)
    return isinstance(cause, ClientMistake) and isinstance(code, str) and _CODE.fullmatch(code) is not None


def refused(errors: list[GraphQLError], code: str) -> RequestRefused:
    """Refuse a request for what graphql-core found in its text or variables; its words are safe to show."""
    shown = [_shown(error, error.message, {"code": code, **(error.extensions or {})}) for error in errors]
    return RequestRefused(shown, code)


def _root_cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_about_input(error: GraphQLError) -> bool:
    """Whether graphql-core blames an argument, a directive or a variable rather than what a resolver returned.

    Its errors about values that a resolver returned carry no node of their own, so they name the field.
    """
    if isinstance((error.extensions or {}).get("code"), str):
        return True
    return error.nodes is not None and not isinstance(error.nodes[0], FieldNode)


def _masked(error: GraphQLError, cause: BaseException) -> FormattedError:
    incident = secrets.token_hex(8)
    _log.error("internal error %s at %s", incident, error.path, exc_info=cause)
    return _shown(
        error, f"Something went wrong in the hub. It is in the log as {incident}.", {"code": INTERNAL, "id": incident}
    )


def _shown(error: GraphQLError, message: str, extensions: dict[str, Any]) -> FormattedError:
    shown: FormattedError = {"message": message}
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = extensions
    return shown
