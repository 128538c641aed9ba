"""Tokens of an issuer, API keys and revocations on hubs that run: over HTTP, sockets and event streams."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed

from domain.api_key import public_id_of
from server import app
from tests import postgres
from tests.issuer import AUDIENCE, Issuer, serving_issuer
from tests.running import RunningHub
from tests.subscribers import Subscriber
from tests.test_commands import command

WHO = "{ viewer { role displayName scopes agency { code } } }"
EVENTS = "subscription { reportEvents { kind } }"
SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { id sourceRef source { code } } userErrors { code path } }
}
"""
REVOKE = """
mutation ($input: RevokeAccessInput!) {
  revokeAccess(input: $input) { issuedBefore apiKeysEnded userErrors { code path message } }
}
"""
PLACE = {"text": "Lampu mati", "category": "flood", "location": {"latitude": -6.2088, "longitude": 106.8501}}


def ask(hub: RunningHub, query: str, variables: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    return hub.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def operator(folder: Path, *words: str, **settings: str) -> Result:
    """Runs a command as an operator does, but in this process: starting one takes longer than the command."""
    environment = {"SIMPUL_DATA_DIR": str(folder), **settings}
    return CliRunner().invoke(app, words, env=environment)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def key_header(key: str) -> dict[str, str]:
    return {"Simpul-Api-Key": key}


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


class Watched(ABC):
    """Something open that waits for its end in a thread of its own: how it ended, and how long that took."""

    def __init__(self) -> None:
        self.ending: Any = None
        self.ended_at = 0.0
        self.open = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.open.wait(30)

    def _run(self) -> None:
        self.ending = self.wait()
        self.ended_at = time.monotonic()

    @abstractmethod
    def wait(self) -> Any:
        """Reads until the end comes, having set `open`; how it ended."""

    def after(self, begun: float) -> float:
        """Seconds from a moment until it ended."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.ended_at - begun


class Socket(Watched):
    """A subscription over a socket."""

    def __init__(self, hub: RunningHub, **init: str) -> None:
        self._subscriber = Subscriber(hub.socket_url, EVENTS, init=init)
        super().__init__()

    def wait(self) -> Any:
        try:
            with self._subscriber as socket:
                self.open.set()
                while True:
                    socket.receive()
        except ConnectionClosed as closed:
            return closed.rcvd and (closed.rcvd.code, closed.rcvd.reason)


class Events(Watched):
    """A subscription over an event stream."""

    def __init__(self, hub: RunningHub, **headers: str) -> None:
        self._url, self._headers = hub.url + "/graphql", {"Accept": "text/event-stream", **headers}
        super().__init__()

    def wait(self) -> Any:
        with httpx.stream("GET", self._url, params={"query": EVENTS}, headers=self._headers, timeout=30) as answer:
            self.open.set()
            try:
                return b"complete" in b"".join(answer.iter_bytes())
            except httpx.RemoteProtocolError:
                return False


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[RunningHub]:
    folder.mkdir()
    hub = RunningHub(folder, settings).start()
    try:
        yield hub
    finally:
        hub.stop()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with serving_issuer() as made:
        yield made


@pytest.fixture(scope="module")
def while_away(issuers_hub: RunningHub) -> httpx.Response:
    """What somebody with a token was told before the issuer answered for the first time."""
    told: httpx.Response = issuers_hub.__dict__["while_away"]
    return told


@pytest.fixture(scope="module")
def issuers_hub(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    told = {
        "SIMPUL_OIDC_ISSUER": issuer.url,
        "SIMPUL_OIDC_AUDIENCE": AUDIENCE,
        "SIMPUL_OIDC_ROLES": "petugas=responder, admin-kota=admin",
        "SIMPUL_OIDC_REFETCH_SECONDS": "1",
        "SIMPUL_LOG_LEVEL": "debug",
    }
    with running(tmp_path_factory.mktemp("issuer") / "data", **told) as made:
        issuer.quirk = "error"
        made.__dict__["while_away"] = ask(made, WHO, **bearer(issuer.token()))
        assert ask(made, WHO).json()["data"]["viewer"]["role"] == "ANONYMOUS"
        issuer.quirk = ""
        time.sleep(1.1)  # until the keys may be asked for again
        yield made


class TestIssuer:
    def test_his_tokens_say_who_comes(self, issuer: Issuer, issuers_hub: RunningHub) -> None:
        token = issuer.token("RS256", role=["x", "petugas"], agency="tata_air", name="Sari", scope="reports:read email")
        assert ask(issuers_hub, WHO, **bearer(token)).json()["data"]["viewer"] == {
            "role": "RESPONDER",
            "displayName": "Sari",
            "scopes": ["reports:read"],
            "agency": {"code": "tata_air"},
        }

    def test_others_are_refused_alike_by_http_and_sockets(self, issuer: Issuer, issuers_hub: RunningHub) -> None:
        for token in (issuer.token(aud="other"), issuer.token(exp=1, iat=0), "ey.ey.ey"):
            answer = ask(issuers_hub, WHO, **bearer(token))
            assert (answer.status_code, code_of(answer)) == (401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"].startswith("Bearer")
            with (
                pytest.raises(ConnectionClosed) as closed,
                Subscriber(issuers_hub.socket_url, EVENTS, init={"authorization": f"Bearer {token}"}),
            ):
                pass
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4403

    def test_local_tokens_are_neither_shown_nor_made_nor_taken(
        self, issuer: Issuer, issuers_hub: RunningHub, tmp_path: Path
    ) -> None:
        assert issuers_hub.tokens == {} and issuer.url in issuers_hub.said
        local = operator(issuers_hub.folder, "token", "--role", "admin").stdout.strip()
        assert local.startswith("ey")
        assert code_of(ask(issuers_hub, WHO, **bearer(local))) == "UNAUTHENTICATED"

    def test_the_command_says_so_in_a_line(self, issuer: Issuer, issuers_hub: RunningHub) -> None:
        told = {"SIMPUL_OIDC_ISSUER": issuer.url, "SIMPUL_OIDC_AUDIENCE": AUDIENCE}
        done = operator(issuers_hub.folder, "token", "--role", "admin", **told)
        assert (done.exit_code, done.stdout) == (1, "") and len(done.stderr.splitlines()) == 1
        assert issuer.url in done.stderr

    def test_no_secret_and_nobodys_name_reaches_the_log(self, issuer: Issuer, issuers_hub: RunningHub) -> None:
        key = operator(
            issuers_hub.folder, "keys", "create", "--name", "G", "--agency", "dishub", "--scope", "reports:read"
        ).stdout
        shown = [
            issuer.token(sub="subject-of-sari"),
            issuer.token(aud="x", sub="subject-of-sari"),
            "simpul_secret-word",
        ]
        for token in shown:
            ask(issuers_hub, WHO, **bearer(token))
            ask(issuers_hub, WHO, **key_header(token))
            ask(issuers_hub, "{ nonsense }", **bearer(token))
        ask(issuers_hub, WHO, **key_header(key.strip()))
        ask(issuers_hub, WHO, **key_header(key.strip()[:-1] + "!"))
        assert "the issuer's keys could not be fetched" in issuers_hub.log
        for secret in (*(part for token in shown for part in token.split(".")), "subject-of-sari", key[15:58]):
            assert secret not in issuers_hub.log or len(secret) < 8

    def test_while_he_was_away_nobody_could_tell(self, issuers_hub: RunningHub, while_away: httpx.Response) -> None:
        assert (while_away.status_code, code_of(while_away)) == (503, "SOURCE_UNAVAILABLE")
        assert 1 <= int(while_away.headers["retry-after"]) <= 10


class TestApiKeys:
    def made(self, hub: RunningHub, *scopes: str, agency: str = "dishub") -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        done = operator(hub.folder, "keys", "create", "--name", "Gateway", "--agency", agency, *words)
        assert done.exit_code == 0, done.stderr
        return done.stdout.strip()

    def test_a_number_is_the_partners_once_whichever_key_he_shows(self, shared_hub: RunningHub) -> None:
        one, two = [self.made(shared_hub, "reports:read", "reports:submit") for _ in range(2)]
        given = {**PLACE, "sourceRef": "D-77", "idempotencyKey": "k" * 22}
        first = ask(shared_hub, SUBMIT, {"input": given}, **key_header(one)).json()["data"]["submitReport"]
        assert first["report"]["sourceRef"] == "D-77" and first["report"]["source"]["code"] == "dishub"
        assert ask(shared_hub, SUBMIT, {"input": given}, **key_header(two)).json()["data"]["submitReport"] == first
        again = {**given, "idempotencyKey": "l" * 22}
        (fault,) = ask(shared_hub, SUBMIT, {"input": again}, **key_header(two)).json()["data"]["submitReport"][
            "userErrors"
        ]
        assert fault["path"] == ["sourceRef"]

    def test_it_is_seen_over_a_socket_and_lost_within_five_seconds(self, shared_hub: RunningHub) -> None:
        key, other = self.made(shared_hub, "reports:read"), self.made(shared_hub, "reports:read")
        watched, left = Socket(shared_hub, apiKey=key), Socket(shared_hub, apiKey=other)
        stream = Events(shared_hub, **key_header(key))
        begun = time.monotonic()
        assert operator(shared_hub.folder, "keys", "revoke", public_id_of(key)).exit_code == 0
        assert watched.after(begun) < 5 and stream.after(begun) < 5
        assert watched.ending == (4403, "This API key was revoked.") and stream.ending is False
        refused = ask(shared_hub, WHO, **key_header(key))
        assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")
        assert ask(shared_hub, WHO, **key_header(other)).json()["data"]["viewer"]["scopes"] == ["reports:read"]
        assert left.ending is None
        operator(shared_hub.folder, "revoke", "--agency", "dishub")
        left.after(begun)
        assert left.ending == (4403, "This API key was revoked.")
        listed = operator(shared_hub.folder, "keys", "list").stdout.splitlines()
        assert all(" revoked " in line for line in listed if " dishub " in line)

    def test_a_refusal_is_no_way_to_read(self, shared_hub: RunningHub) -> None:
        submit, status = self.made(shared_hub, "reports:submit"), self.made(shared_hub, "status:record")
        numbered = {"input": {**PLACE, "sourceRef": "D-78"}}
        first, again = [
            ask(shared_hub, SUBMIT, numbered, **key_header(submit)).json()["data"]["submitReport"] for _ in range(2)
        ]
        assert again["userErrors"] and again["report"] == first["report"], "its own number names its own report"
        strangers = ask(shared_hub, SUBMIT, {"input": PLACE}).json()["data"]["submitReport"]["report"]["id"]
        record = """
        mutation ($input: RecordAgencyStatusInput!) {
          recordAgencyStatus(input: $input) { report { id text } userErrors { code } }
        }
        """
        given = {"reportId": strangers, "status": "SUBMITTED"}
        told = ask(shared_hub, record, {"input": given}, **key_header(status)).json()["data"]["recordAgencyStatus"]
        assert told["report"] is None and told["userErrors"], "another's report was read by a call that fails"
        full = self.made(shared_hub, "status:record", "reports:read")
        told = ask(shared_hub, record, {"input": given}, **key_header(full)).json()["data"]["recordAgencyStatus"]
        assert told["report"]["id"] == strangers and told["userErrors"]

    def test_words_for_the_operator(self, shared_hub: RunningHub) -> None:
        create = ("keys", "create", "--name", "x", "--scope", "reports:read")
        for words in (
            (*create, "--agency", "nowhere"),
            (*create, "--partner", "dishub"),
            create,
            ("keys", "revoke", "AAAAAAAA"),
            ("keys", "rotate", "ids"),
            ("token", "--role", "responder"),
            ("token", "--role", "partner", "--agency", "nowhere"),
            ("revoke",),
            ("revoke", "--subject", "a", "--token", "b"),
            ("revoke", "--issued-before", "2999-01-01T00:00:00Z"),
        ):
            done = operator(shared_hub.folder, *words)
            assert done.exit_code == 2 and "Invalid value" in done.stderr and "Traceback" not in done.stderr, words


def test_a_new_key_of_tokens_holds_beside_a_serving_hub(tmp_path: Path) -> None:
    with running(tmp_path / "hub") as hub:
        old = command(hub.folder, "token", "--role", "admin").stdout.strip()
        assert ask(hub, WHO, **bearer(old)).json()["data"]["viewer"]["role"] == "ADMIN"
        assert operator(hub.folder, "keys", "rotate", "tokens").exit_code == 0
        new = command(hub.folder, "token", "--role", "admin").stdout.strip()
        until = time.monotonic() + 5
        while ask(hub, WHO, **bearer(new)).status_code != 200:
            assert time.monotonic() < until, "the new key is not taken up"
        assert code_of(ask(hub, WHO, **bearer(old))) == "UNAUTHENTICATED"


def test_a_command_beside_a_serving_hub_ends_a_persons_sessions(shared_hub: RunningHub) -> None:
    citizen = Socket(shared_hub, authorization=f"Bearer {shared_hub.token('citizen')}")
    assert command(shared_hub.folder, "revoke", "--subject", "local-citizen").returncode == 0
    ended = time.monotonic()
    assert citizen.after(ended) < 5
    assert citizen.ending == (4403, "This token was revoked: sign in again.")
    answer = ask(shared_hub, WHO, **bearer(shared_hub.token("citizen")))
    assert answer.status_code == 401 and "revoked" in answer.json()["errors"][0]["message"]
    assert ask(shared_hub, WHO, **bearer(shared_hub.token("admin"))).json()["data"]["viewer"]["role"] == "ADMIN"
    time.sleep(max(0.0, 1.1 - (time.monotonic() - ended)))  # `iat` counts whole seconds
    anew = operator(shared_hub.folder, "token", "--role", "citizen").stdout.strip()
    assert ask(shared_hub, WHO, **bearer(anew)).json()["data"]["viewer"]["role"] == "CITIZEN"


@pytest.mark.slow
@pytest.mark.alone
def test_what_one_process_revokes_another_refuses_within_five_seconds(tmp_path: Path) -> None:
    url = postgres.fresh_database("revoking")
    shared = {"SIMPUL_DATABASE_URL": url}
    with running(tmp_path / "one", **shared) as one, running(tmp_path / "two", **shared) as two:
        token, admin = one.token("responder"), bearer(one.token("admin"))
        watched = [Socket(each, authorization=f"Bearer {token}") for each in (one, two)]
        streams = [Events(two, **bearer(token)), Events(one, **bearer(token))]
        given = {"input": {"subject": "local-responder", "idempotencyKey": "k" * 22}}
        begun = time.monotonic()
        done = ask(one, REVOKE, given, **admin).json()["data"]["revokeAccess"]
        assert done["userErrors"] == [] and done["issuedBefore"] is not None
        took = [each.after(begun) for each in (*watched, *streams)]
        assert max(took) < 5
        assert [each.ending for each in watched] == [(4403, "This token was revoked: sign in again.")] * 2
        assert [each.ending for each in streams] == [False] * 2
        for each in (one, two):
            assert ask(each, WHO, **bearer(token)).status_code == 401
            assert ask(each, WHO, **admin).json()["data"]["viewer"]["role"] == "ADMIN"
        assert ask(two, REVOKE, given, **admin).json()["data"]["revokeAccess"] == done
