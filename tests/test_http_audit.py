"""The GraphQL-over-HTTP audit of npm's graphql-http, and Apollo's own client, against a running hub."""

import json
import os
import re
import subprocess

from tests.running import ROOT, RunningHub

KEPT = ROOT / "docs" / "audits" / "graphql-http.txt"


def node(script: str, hub: RunningHub) -> str:
    """What a script of web/ prints about the hub; with the Node that the Makefile uses."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["node", f"scripts/{script}", f"{hub.url}/graphql"],
        cwd=ROOT / "web",
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return done.stdout


def test_all_61_audits_are_ok_without_a_notice_or_a_warning(shared_hub: RunningHub) -> None:
    said = node("audit.mjs", shared_hub)
    print(said)
    assert said == KEPT.read_text(), f"the audit's own words are not those of {KEPT}: put these there"
    *each, total = said.splitlines()
    assert total == "61 of 61 ok, 0 notices, 0 warnings, 0 errors"
    assert len(each) == 61
    assert [line for line in each if not re.match(r"ok     \w{4} (MUST|SHOULD|MAY) ", line)] == []


def test_apollos_client_names_by_hash_what_it_sent_once(shared_hub: RunningHub) -> None:
    told = json.loads(node("persisted.mjs", shared_hub))
    assert told["names"] == ["Query", "Query"]
    first, second, third = told["sent"]
    assert first.startswith("GET hash ")
    assert second == "POST text 200"
    assert third == "GET hash 200"  # the second client knew nothing, but the hub did
