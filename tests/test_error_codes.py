"""Every code that an error may have stands in the guide for frontends, with the status that it has, and comes as it says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.running import ROOT, RunningHub
from transport.http.answers import GRAPHQL_JSON, STATUS_OF_CODE, refusal_status

CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")
FOLDERS = ("execution", "transport", "resolvers", "schema")
CONSTANTS = {"PARSE_FAILED", "VALIDATION_FAILED", "BAD_USER_INPUT", "INTERNAL", "COST_EXCEEDED", "TIMEOUT"}
_OF_ONE_FIELD = {"COUNT_TIMEOUT", "OUTCOME_UNKNOWN"}
"""They never refuse a whole request, so they have no status."""


def test_the_guide_has_a_row_for_each_code() -> None:
    told = set(told_in_the_guide())
    assert told == set(given_in_the_code()), "docs/frontends.md, Error codes"
    assert told >= STATUS_OF_CODE.keys()


def test_the_guide_tells_the_status_of_each() -> None:
    wrong = {code: status for code, status in told_in_the_guide().items() if status != status_of(code)}
    assert wrong == {}


def test_a_field_that_is_limited_is_an_error_of_that_field(hub_folder: Path) -> None:
    hub = RunningHub(hub_folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "1"}).start()
    query = (
        'mutation { submitReport(input: {text: "Banjir", category: "flood", area: "31.74.01.1001"}) { report { id } } }'
    )
    first, second = (
        hub.client.post("/graphql", json={"query": query}, headers={"Accept": GRAPHQL_JSON}) for _ in range(2)
    )
    hub.stop()
    assert "errors" not in first.json()
    (error,) = second.json()["errors"]
    assert (second.status_code, "retry-after" in second.headers, error["path"]) == (200, False, ["submitReport"])
    assert re.fullmatch(r"At most 1 reports an hour without signing in: try again in \d+ s\.", error["message"])
    told = {name: error["extensions"][name] for name in ("code", "limited", "limit")}
    assert told == {"code": "RATE_LIMITED", "limited": "anonymous_reports_per_hour", "limit": 1}


def status_of(code: str) -> str:
    return "" if code in _OF_ONE_FIELD else str(refusal_status(code, GRAPHQL_JSON))


def told_in_the_guide() -> dict[str, str]:
    guide = (ROOT / "docs" / "frontends.md").read_text().partition("## Error codes\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| *(\d*) *\|", guide, re.MULTILINE))


def given_in_the_code() -> Iterator[str]:
    """What is called `code`, wherever it is set: a class's, a default, an argument, one of the constants for it."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                yield from (value for value in _codes(node) if CODE.fullmatch(value))


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Name(name)], value=ast.Constant(str(value))) if name in {"code", *CONSTANTS}:
            yield value
        case ast.keyword(arg="code", value=ast.Constant(str(value))):
            yield value
        case ast.Call(func=ast.Name("DocumentRefused"), args=[_, ast.Constant(str(value))]):
            yield value
        case ast.arguments():
            for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if argument.arg == "code" and isinstance(default, ast.Constant):
                    yield str(default.value)
