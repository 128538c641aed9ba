"""Parameter checks in the manner (and in the words) of Joi under celebrate, which Peta Jakarta's server uses."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo.wire import json_response

Check = Callable[[Any], Any]
"""Takes what was sent, gives what it means; raises ValueError with Joi's words after the parameter's name."""


class Refused(Exception):
    """A request that the server will not take; carries the answer that says so."""

    def __init__(self, answer: Response) -> None:
        super().__init__("refused")
        self.answer = answer


def plain(message: str) -> Refused:
    """The short form of a refusal: nothing but `statusCode` and `message`."""
    return Refused(json_response({"statusCode": 400, "message": message}, 400))


def _joi(message: str, source: str, key: str) -> Refused:
    body = {
        "statusCode": 400,
        "error": "Bad Request",
        "message": message,
        "validation": {"source": source, "keys": [key]},
    }
    return Refused(json_response(body, 400))


def one_of(*allowed: str) -> Check:
    """One of these words; an empty one is not."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of [{', '.join(allowed)}]")
        return str(value)

    return check


def integer(low: int | None = None, high: int | None = None) -> Check:
    """A whole number, also when it comes as a string."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
            raise ValueError("must be a number")
        if not float(value).is_integer():
            raise ValueError("must be an integer")
        number = int(float(value))
        if high is not None and number > high:
            raise ValueError(f"must be less than or equal to {high}")
        if low is not None and number < low:
            raise ValueError(f"must be larger than or equal to {low}")
        return number

    return check


def degrees(limit: int) -> Check:
    """A number between minus and plus this limit."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", str(value)):
            raise ValueError("must be a number")
        if abs(float(value)) > limit:
            raise ValueError(f"must be {'less' if float(value) > 0 else 'larger'} than or equal to {limit}")
        return float(value)

    return check


def string(empty: bool) -> Check:
    """A string, empty only where that is allowed; null is not a string."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a string")
        if not value and not empty:
            raise ValueError("is not allowed to be empty")
        return value

    return check


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")
TIME_FORMAT = "YYYY-MM-DDTHH:mm:ssZ"


def moment(value: Any) -> datetime:
    """A time in exactly one format: whole seconds and a zone (Z, +07:00 or +0700)."""
    refusal = f"must be a string with one of the following formats [{TIME_FORMAT}]"
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError(refusal)
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(refusal) from error


def members(checks: Mapping[str, Check], required: tuple[str, ...]) -> Check:
    """An object of these members and no others."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        found: dict[str, Any] = {}
        for name, inner in checks.items():
            if name in value:
                try:
                    found[name] = inner(value[name])
                except ValueError as error:
                    raise ValueError(f'child "{name}" fails because ["{name}" {error}]') from error
            elif name in required:
                raise ValueError(f'child "{name}" fails because ["{name}" is required]')
        for name in value:
            if name not in checks:
                raise ValueError(f'"{name}" is not allowed')
        return found

    return check


def query(request: Request, checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The query's parameters, checked. Raises Refused for a bad, a missing and an unknown one."""
    return _checked(dict(request.query_params), "query", checks, required)


def path(request: Request, name: str, check: Check) -> Any:
    """One parameter of the path, checked. Raises Refused."""
    return _checked({name: request.path_params[name]}, "params", {name: check}, ())[name]


async def body(request: Request, checks: Mapping[str, Check], required: tuple[str, ...]) -> dict[str, Any]:
    """The JSON body's members, checked. Raises Refused; what is no JSON at all is refused by Express, in HTML."""
    raw = await request.body()
    sent: Any = {}
    if request.headers.get("content-type", "").startswith("application/json") and raw:
        try:
            sent = json.loads(raw)
        except ValueError as error:
            raise Refused(_html_refusal()) from error
    if not isinstance(sent, dict):
        raise _joi('"value" must be an object', "body", "value")
    return _checked(sent, "body", checks, required)


def _checked(
    sent: Mapping[str, Any], source: str, checks: Mapping[str, Check], required: tuple[str, ...]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, check in checks.items():
        if name not in sent:
            if name in required:
                raise _joi(f'child "{name}" fails because ["{name}" is required]', source, name)
            continue
        try:
            found[name] = check(sent[name])
        except ValueError as error:
            words = str(error)
            words = words if words.startswith(("child", '"')) else f'"{name}" {words}'
            raise _joi(f'child "{name}" fails because [{words}]', source, name) from error
    for name in sent:
        if name not in checks:
            raise _joi(f'"{name}" is not allowed', source, name)
    return found


def _html_refusal() -> Response:
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n'
        "<pre>SyntaxError: Unexpected token in JSON<br></pre>\n</body>\n</html>\n"
    )
    return Response(page, 400, media_type="text/html; charset=utf-8")
