"""What the docs tell newcomers to paste is run, as it stands, against a hub."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, RunningHub
from tests.test_commands import asked

README = (ROOT / "README.md").read_text()


def commands(text: str) -> list[str]:
    """The shell commands of a page that ask the hub."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "curl" in block and "text/event-stream" not in block]


def run(command: str, hub: RunningHub) -> dict[str, Any]:
    here = command.replace("http://127.0.0.1:8000", hub.url)
    done = subprocess.run(["bash", "-c", here], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("command", commands(README), ids=lambda command: re.sub(r"\W+", " ", command)[:40])
def test_a_command_of_the_readme_works_when_pasted(shared_hub: RunningHub, command: str) -> None:
    told = run(command, shared_hub)
    assert "errors" not in told, told
    assert '"userErrors": [{' not in json.dumps(told)


def test_a_partner_that_submits_as_the_guide_says_can_take_back_what_it_sent(
    shared_hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    (submit,) = commands((ROOT / "docs/connectors.md").read_text().partition("\n## Pushing with an API key\n")[2])
    scopes = ("--scope", "reports:submit", "--scope", "reports:act")
    made = asked(shared_hub.folder, "keys", "create", "--name", "Gateway", "--agency", "dishub", *scopes)
    monkeypatch.setenv("KEY", made.stdout.strip())
    told = run(submit, shared_hub)["data"]["submitReport"]
    assert told["userErrors"] == [] and len(told["followToken"]) >= 22
    assert run(submit, shared_hub)["data"]["submitReport"] == told, "the token is given again under its key"
    withdraw = "mutation ($input: WithdrawReportInput!) { withdrawReport(input: $input) { userErrors { code } } }"
    ended = []
    for token in (None, told["followToken"]):
        given = {"query": withdraw, "variables": {"input": {"reportId": told["report"]["id"], "followToken": token}}}
        answer = shared_hub.client.post("/graphql", json=given, headers={"Simpul-Api-Key": made.stdout.strip()}).json()
        ended.append(answer["data"]["withdrawReport"]["userErrors"])
    assert ended == [[{"code": "FORBIDDEN"}], []]


def test_a_follow_token_that_is_none_is_as_good_as_not_shown(shared_hub: RunningHub) -> None:
    for fields in ("viewer { role }", "reports(filter: { mine: true }) { nodes { id } }"):
        wrong, without = (
            shared_hub.client.post("/graphql", json={"query": f"{{ {fields} }}"}, headers=headers).json()
            for headers in ({"Simpul-Follow-Token": "bad"}, {})
        )
        assert (wrong["data"], wrong.get("errors")) == (without["data"], without.get("errors"))
    assert "is as good as not shown, and no error says so" in " ".join((ROOT / "docs/frontends.md").read_text().split())


def graphql_blocks() -> list[tuple[str, str]]:
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    return [
        (page.name, block)
        for page in pages
        for block in re.findall(r"^```graphql\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    ]


@pytest.mark.parametrize(("page", "block"), graphql_blocks(), ids=lambda value: value[:30])
def test_graphql_in_the_docs_is_valid(page: str, block: str) -> None:
    from graphql import build_schema, parse, validate

    schema = build_schema((Path(ROOT) / "schema" / "schema.graphql").read_text())
    assert validate(schema, parse(block)) == [], page


def test_the_guide_names_what_the_file_to_copy_needs() -> None:
    guide, file = ((ROOT / path).read_text() for path in ("docs/frontends.md", "web/src/resume.ts"))
    packages = re.findall(r'^import .* from "([^"]+)";$', file, re.MULTILINE)
    assert packages and all(f"imports the package `{package}`" in guide for package in packages)


def test_an_example_in_the_guide_uses_no_wire_that_it_does_not_make() -> None:
    guide = (ROOT / "docs/frontends.md").read_text()
    assert "wire.reconnect()" in guide and "const wire = webSocketWire(" in guide


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert broken == []
