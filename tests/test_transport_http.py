"""GraphQL over HTTP as a client meets it: media types, status codes, refusals."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.door import TryHub, client_of
from transport import DoorSettings, graphql_app

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture
def hub() -> TryHub:
    return TryHub()


@pytest.fixture
async def client(hub: TryHub) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(hub, DoorSettings(body_bytes=10_000))) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, accept: str = GRAPHQL, **more: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more}, headers={"accept": accept})


async def post(client: httpx.AsyncClient, content: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", content=content, headers={"accept": GRAPHQL, **named})


def the_error(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert "data" not in body
    (error,) = body["errors"]
    assert isinstance(error["message"], str)
    return dict(error)


class TestAnswering:
    @pytest.mark.parametrize("media_type", [GRAPHQL, JSON])
    async def test_a_post_is_answered_in_the_accepted_type(self, client: httpx.AsyncClient, media_type: str) -> None:
        response = await ask(client, "{ hello }", media_type)
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert response.json()["data"] == {"hello": "Halo, Jakarta!"}

    async def test_a_get_is_answered(self, client: httpx.AsyncClient) -> None:
        parameters = {
            "query": "query A { seen } query B($n: String) { hello(name: $n) }",
            "operationName": "B",
            "variables": json.dumps({"n": "Bekasi 🌊"}),
            "extensions": "{}",
        }
        response = await client.get("/graphql", params=parameters)
        assert response.status_code == 200
        assert response.json()["data"] == {"hello": "Halo, Bekasi 🌊!"}

    async def test_empty_parameters_of_a_get_are_as_none(self, client: httpx.AsyncClient) -> None:
        empty = {"operationName": "", "variables": "", "extensions": "", "documentId": ""}
        response = await client.get("/graphql", params={"query": "{ hello }", **empty})
        assert response.json()["data"] == {"hello": "Halo, Jakarta!"}

    @pytest.mark.parametrize("variables", ["null", "{}"])
    async def test_null_in_the_address_is_as_none(self, client: httpx.AsyncClient, variables: str) -> None:
        response = await client.get("/graphql", params={"query": "{ hello }", "variables": variables})
        assert response.json()["data"] == {"hello": "Halo, Jakarta!"}

    async def test_parameters_that_nobody_knows_are_ignored(self, client: httpx.AsyncClient) -> None:
        assert (await ask(client, "{ hello }", id="x", onward=[1])).status_code == 200
        response = await client.get("/graphql", params={"query": "{ hello }", "utm_source": "x"})
        assert response.status_code == 200

    async def test_head_is_a_get_without_the_body(self, client: httpx.AsyncClient) -> None:
        got = await client.get("/graphql", params={"query": "{ hello }"})
        told = await client.head("/graphql", params={"query": "{ hello }"})
        assert told.status_code == 200
        assert {**told.headers} == {**got.headers}

    async def test_options_tells_the_methods(self, client: httpx.AsyncClient) -> None:
        response = await client.options("/graphql")
        assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")

    async def test_one_fields_failure_leaves_its_siblings_and_the_status(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "{ hello broken }")
        assert response.status_code == 200
        assert response.json()["data"] == {"hello": "Halo, Jakarta!", "broken": None}
        assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"

    async def test_null_parameters_are_as_none(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "{ hello }", operationName=None, variables=None, extensions=None)
        assert response.json()["data"] == {"hello": "Halo, Jakarta!"}

    async def test_a_mutation_by_post_runs(self, hub: TryHub, client: httpx.AsyncClient) -> None:
        hub.go_on.set()
        assert (await ask(client, "mutation { slowly }")).json()["data"] == {"slowly": "done"}


class TestChoosingTheMediaType:
    @pytest.mark.parametrize(
        ("accept", "given"),
        [
            ("*/*", JSON),
            ("", JSON),
            ("application/*", JSON),
            (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
            (f"{JSON}, {GRAPHQL};q=0.9", JSON),
            (f"{GRAPHQL}, {JSON}", GRAPHQL),
            (f"{JSON}, {GRAPHQL}", GRAPHQL),
            (f"text/html, {JSON};q=0.1", JSON),
            (f"{GRAPHQL};q=0, */*", JSON),
            (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
            (f"{GRAPHQL.upper()}", GRAPHQL),
            (f"{JSON}; charset=latin-1, {JSON}", JSON),
            (f"{GRAPHQL};q=nan, {JSON};q=0.1", JSON),
            (f"{GRAPHQL};q=2, {JSON};q=0.001", JSON),
            (f'{JSON};q="0.2", {GRAPHQL};q=0.1', JSON),
            (f", ,{GRAPHQL};;, ", GRAPHQL),
        ],
    )
    async def test_it_is_the_best_that_the_client_takes(
        self, client: httpx.AsyncClient, accept: str, given: str
    ) -> None:
        response = await ask(client, "{ hello }", accept)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(given)
        assert "accept" in response.headers["vary"].lower()

    @pytest.mark.parametrize(
        "accept", ["text/html", f"{JSON};q=0", f"{JSON}; charset=latin-1", "image/*", f"{JSON};q=nan", "*/*;q=0.0"]
    )
    async def test_none_of_ours_is_406(self, client: httpx.AsyncClient, accept: str) -> None:
        response = await ask(client, "{ hello }", accept)
        assert response.status_code == 406
        assert GRAPHQL in the_error(response)["message"]

    async def test_of_an_endless_list_only_the_beginning_is_looked_at(self, client: httpx.AsyncClient) -> None:
        for beyond, given in ((3_000, GRAPHQL), (30_000, JSON)):
            response = await ask(client, "{ hello }", "*/*, " + "," * beyond + GRAPHQL)
            assert response.headers["content-type"].startswith(given)

    async def test_a_subscription_as_one_body_is_406(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "subscription { count(to: 1) }")
        assert response.status_code == 406
        assert "text/event-stream" in the_error(response)["message"]


class TestRefusingTheOperation:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
            ("query ($n: Int!) { reports(first: $n) { id } }", "BAD_USER_INPUT"),
            ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ],
    )
    async def test_it_is_400_in_the_new_type_and_200_in_the_old(
        self, client: httpx.AsyncClient, query: str, code: str
    ) -> None:
        for media_type, status in ((GRAPHQL, 400), (JSON, 200)):
            response = await ask(client, query, media_type)
            assert response.status_code == status
            assert the_error(response)["extensions"]["code"] == code

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("accept", [GRAPHQL, JSON, "text/event-stream"])
    async def test_a_mutation_by_get_is_405_and_does_not_run(
        self, hub: TryHub, client: httpx.AsyncClient, method: str, accept: str
    ) -> None:
        hub.go_on.set()
        asked = {"query": "mutation { slowly }"}
        response = await client.request(method, "/graphql", params=asked, headers={"accept": accept})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert hub.done == []

    async def test_a_subscription_by_head_is_405(self, client: httpx.AsyncClient) -> None:
        asked = {"query": "subscription { count(to: 1) }"}
        response = await client.head("/graphql", params=asked, headers={"accept": "text/event-stream"})
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")

    async def test_who_takes_only_events_can_tell_a_refusal_by_its_status(self, client: httpx.AsyncClient) -> None:
        response = await client.get(
            "/graphql", params={"query": 1, "variables": "{"}, headers={"accept": "text/event-stream"}
        )
        assert response.status_code == 400

    async def test_a_bad_token_is_401_whatever_is_asked(self, client: httpx.AsyncClient) -> None:
        for media_type in (GRAPHQL, JSON):
            client.headers["authorization"] = "Bearer bad"
            response = await ask(client, "mutation { slowly }", media_type)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert the_error(response)["extensions"] == {"code": "UNAUTHENTICATED"}

    async def test_what_is_no_bearer_token_is_401(self, client: httpx.AsyncClient) -> None:
        client.headers["authorization"] = "Basic dXNlcjpwYXNz"
        assert (await ask(client, "{ hello }")).status_code == 401

    async def test_too_much_asked_is_429_and_says_when_to_come_back(self, client: httpx.AsyncClient) -> None:
        client.headers["authorization"] = "Bearer busy"
        response = await ask(client, "{ hello }", JSON)
        assert (response.status_code, response.headers["retry-after"]) == (429, "3")

    async def test_the_hubs_own_failure_is_500_and_tells_nothing(self, client: httpx.AsyncClient) -> None:
        client.headers["authorization"] = "Bearer boom"
        response = await ask(client, "{ hello }")
        assert response.status_code == 500
        assert the_error(response)["extensions"]["code"] == "INTERNAL"
        assert "secret" not in response.text

    async def test_an_answer_that_cannot_be_written_down_is_500(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "{ odd }")
        assert response.status_code == 500
        assert the_error(response)["extensions"]["code"] == "INTERNAL"


class TestRefusingTheRequest:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_another_method_is_405(self, client: httpx.AsyncClient, method: str) -> None:
        response = await client.request(method, "/graphql")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "application/graphql",
            "application/graphql-response+json",
            "application/jsonp",
            "application/json, text/plain",
            "application/json; charset=latin-1",
            "application/json; charset=utf-16",
            "application/json; charset=",
        ],
    )
    async def test_another_content_type_is_415(self, client: httpx.AsyncClient, content_type: str) -> None:
        response = await post(client, b'{"query": "{ hello }"}', content_type=content_type)
        assert response.status_code == 415
        assert response.headers["accept"] == "application/json, multipart/form-data"
        the_error(response)

    @pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
    async def test_utf8_by_whatever_name_is_read(self, client: httpx.AsyncClient, charset: str) -> None:
        response = await post(client, b'{"query": "{ hello }"}', content_type=f"{JSON} ; charset={charset}")
        assert response.status_code == 200

    async def test_two_content_types_are_none(self, client: httpx.AsyncClient) -> None:
        headers = [("content-type", JSON), ("content-type", "text/plain")]
        response = await client.post("/graphql", content=b'{"query": "{ hello }"}', headers=headers)
        assert response.status_code == 415

    async def test_no_content_type_is_415(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, b'{"query": "{ hello }"}')).status_code == 415

    async def test_a_compressed_body_is_415(self, client: httpx.AsyncClient) -> None:
        response = await post(client, b"\x1f\x8b", content_type=JSON, content_encoding="gzip")
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b'"{ hello }"',
            b"{}",
            b'{"query": null}',
            b'{"query": 7}',
            b'{"query": "{ hello }", "variables": "x"}',
            b'{"query": "{ hello }", "variables": [1]}',
            b'{"query": "{ hello }", "operationName": 1}',
            b'{"query": "{ hello }", "extensions": false}',
            b'{"query": "{ hello }", "variables": {"x": NaN}}',
            b'{"query": "\xff"}',
            b"[" * 9_000,
            b'\xef\xbb\xbf{"query": "{ hello }"}',
            b'{"query": "{ hello }"} {}',
            b'{"query": "{ hello }"},',
            b'{"query": "\\ud800"}',
            b'{"query": ["{ hello }"]}',
            b'{"query": "{ hello }", "documentId": 1}',
        ],
    )
    async def test_what_is_no_request_is_400_in_both_types(self, client: httpx.AsyncClient, body: bytes) -> None:
        for media_type in (GRAPHQL, JSON):
            response = await post(client, body, content_type=JSON, accept=media_type)
            assert response.status_code == 400
            assert response.headers["content-type"].startswith(media_type)
            assert the_error(response)["extensions"]["code"] == "BAD_USER_INPUT"

    async def test_a_batch_is_refused_in_so_many_words(self, client: httpx.AsyncClient) -> None:
        response = await post(client, b'[{"query": "{ hello }"}]', content_type=JSON)
        assert response.status_code == 400
        assert "one operation a request" in the_error(response)["message"]

    async def test_broken_json_in_the_address_is_400(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/graphql", params={"query": "{ hello }", "variables": "{"})
        assert response.status_code == 400
        assert "variables" in the_error(response)["message"]

    @pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions", "documentId"])
    async def test_a_parameter_given_twice_in_the_address_is_400(self, client: httpx.AsyncClient, name: str) -> None:
        pairs = [("query", "query A { hello }"), (name, "{}"), (name, "{}")]
        response = await client.get("/graphql", params=pairs)
        assert response.status_code == 400
        assert f"`{name}`" in the_error(response)["message"]

    async def test_no_query_in_the_address_is_400(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/graphql")).status_code == 400

    async def test_a_body_announced_too_large_is_413_with_the_limit(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, "{ hello } #" + "x" * 10_000)
        assert response.status_code == 413
        told = the_error(response)["extensions"]
        assert (told["limited"], told["limit"]) == ("body_bytes", 10_000)
        assert told["value"] > 10_000

    async def test_a_body_that_grows_too_large_is_read_no_further(self, client: httpx.AsyncClient) -> None:
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1_000
                yield b" " * 1_000

        response = await post(client, endless(), content_type=JSON)
        assert response.status_code == 413
        assert sent <= 12_000

    async def test_more_than_twenty_follow_tokens_are_refused(self, client: httpx.AsyncClient) -> None:
        client.headers["simpul-follow-token"] = ",".join(f"t{number}" for number in range(21))
        response = await ask(client, "{ hello }")
        assert response.status_code == 400
        told = the_error(response)["extensions"]
        assert (told["limited"], told["limit"], told["value"]) == ("follow_tokens", 20, 21)


class TestWhatTheHubIsTold:
    async def test_credentials_and_language(self, hub: TryHub, client: httpx.AsyncClient) -> None:
        client.headers.update(
            {
                "authorization": "bearer abc.def",
                "simpul-api-key": "key",
                "simpul-follow-token": "one, two,,",
                "accept-language": "en",
                "last-event-id": "c9",
            }
        )
        response = await ask(client, "{ seen }")
        assert response.json()["data"] == {"seen": "abc.def en"}
        (shown,) = hub.credentials
        assert (shown.bearer, shown.api_key, shown.follow_tokens) == ("abc.def", "key", ("one", "two"))
        assert shown.client_address == "127.0.0.1"
        (info,) = hub.infos
        assert (info.kind, info.way, info.private, info.last_event_id) == ("query", "http", True, "c9")
        assert info.follow_tokens == ("one", "two")

    async def test_nothing_shown_is_nobody(self, hub: TryHub, client: httpx.AsyncClient) -> None:
        await ask(client, "{ hello }")
        assert not hub.credentials[0].shown
        assert not hub.infos[0].private


class TestCaching:
    @pytest.mark.parametrize("header", ["authorization", "simpul-follow-token", "simpul-api-key"])
    async def test_what_was_asked_with_a_token_is_kept_nowhere(self, client: httpx.AsyncClient, header: str) -> None:
        value = "Bearer abc" if header == "authorization" else "abc"
        response = await client.get("/graphql", params={"query": "{ hello }"}, headers={header: value})
        assert response.headers["cache-control"] == "private, no-store"

    async def test_a_mutations_answer_is_kept_nowhere(self, hub: TryHub, client: httpx.AsyncClient) -> None:
        hub.go_on.set()
        response = await ask(client, "mutation { slowly }")
        assert response.headers["cache-control"] == "no-store"

    async def test_a_refusal_is_kept_nowhere(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/graphql", params={"query": "{"})
        assert response.headers["cache-control"] == "no-store"

    async def test_refusals_neither(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/graphql", params={"query": "{"}, headers={"authorization": "Bearer bad"})
        assert response.headers["cache-control"] == "private, no-store"

    async def test_answers_for_nobody_are_asked_for_again(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/graphql", params={"query": "{ hello }"})
        assert response.headers["cache-control"] == "no-cache"
