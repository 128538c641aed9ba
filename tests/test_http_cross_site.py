"""Pages of other sites: which may read the hub (CORS), and that none can make a visitor's browser change anything (CSRF)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import pytest

from storage.store import Store
from tests.door import TryHub
from tests.test_transport_multipart import body_of, mapping, operations
from transport import graphql_app
from transport.settings.configuration import WrongSetting
from transport.settings.loading import load_settings
from transport.site import site

FRIEND, STRANGER = "https://peta.example", "https://evil.example"
MUTATION = "mutation { slowly }"


@asynccontextmanager
async def browser(hub: TryHub, *origins: str) -> AsyncIterator[httpx.AsyncClient]:
    application = site(graphql_app(hub), cast(Store, None), origins=origins)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://hub") as client:
        yield client


def preflight(origin: str, method: str = "POST", headers: str = "content-type,authorization") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


class TestReading:
    @pytest.mark.parametrize("path", ["/graphql", "/schema.graphql"])
    async def test_a_preflight_of_a_configured_origin_is_answered(self, path: str) -> None:
        async with browser(TryHub(), FRIEND) as page:
            wanted = "content-type, authorization, simpul-follow-token, graphql-require-preflight, x-request-id"
            told = await page.options(path, headers=preflight(FRIEND, headers=wanted))
        assert told.status_code == 200
        assert told.headers["access-control-allow-origin"] == FRIEND
        assert told.headers["access-control-allow-headers"] == wanted
        assert set(told.headers["access-control-allow-methods"].split(", ")) == {"GET", "HEAD", "POST"}
        assert "access-control-allow-credentials" not in told.headers

    @pytest.mark.parametrize(
        "origin", [STRANGER, "null", "https://peta.example:8443", "http://peta.example", "https://a.peta.example"]
    )
    async def test_any_other_origin_is_refused_and_reads_nothing(self, origin: str) -> None:
        async with browser(TryHub(), FRIEND) as page:
            refused = await page.options("/graphql", headers=preflight(origin))
            read = await page.get("/graphql", params={"query": "{ hello }"}, headers={"origin": origin})
        assert refused.status_code == 400
        for each in (refused, read):
            assert "access-control-allow-origin" not in each.headers
            assert "Origin" in each.headers["vary"]

    async def test_without_configured_origins_nobody_may(self) -> None:
        async with browser(TryHub()) as page:
            answers = [
                await page.options("/graphql", headers=preflight(FRIEND)),
                await page.get("/graphql", params={"query": "{ hello }"}, headers={"origin": FRIEND}),
            ]
        assert not any(name.startswith("access-control") for each in answers for name in each.headers)

    async def test_a_page_that_may_read_reads_what_it_needs_of_refusals_too(self) -> None:
        async with browser(TryHub(), FRIEND) as page:
            headers = {"origin": FRIEND, "authorization": "Bearer busy"}
            read = await page.post("/graphql", json={"query": "{ hello }"}, headers=headers)
        assert read.status_code == 429
        assert read.headers["access-control-allow-origin"] == FRIEND
        assert {"ETag", "Retry-After"} <= set(read.headers["access-control-expose-headers"].split(", "))

    async def test_a_star_lets_everybody_read_and_still_no_cookies(self) -> None:
        async with browser(TryHub(), "*") as page:
            told = await page.options("/graphql", headers=preflight(STRANGER))
            read = await page.get("/graphql", params={"query": "{ hello }"}, headers={"origin": STRANGER})
        for each in (told, read):
            assert each.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in each.headers

    @pytest.mark.parametrize(
        "value",
        ["https://peta.example/", "peta.example", "https://*.example", "https://Peta.example", f"*,{FRIEND}", "null"],
    )
    def test_what_is_no_exact_origin_stops_the_start(self, value: str) -> None:
        with pytest.raises(WrongSetting, match="SIMPUL_CORS_ORIGINS"):
            load_settings({"SIMPUL_CORS_ORIGINS": value})

    @pytest.mark.parametrize(
        "value", ["*", f"{FRIEND}, http://127.0.0.1:5173", "http://[::1]:8000", "http://localhost"]
    )
    def test_exact_origins_and_a_lone_star_are_taken(self, value: str) -> None:
        assert load_settings({"SIMPUL_CORS_ORIGINS": value}).cors_origins == value.replace(" ", "").split(",")


FORM = "multipart/form-data; boundary=xyz"
UPLOAD = body_of([operations(MUTATION, {}), mapping({})])


class TestNoSimpleRequestChangesAnything:
    """What a page may send without asking first: GET, HEAD and POST with three content types, and no header of its own."""

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("text/plain", b'{"query": "mutation { slowly }"}'),
            ("text/plain; charset=utf-8", b'{"query": "mutation { slowly }", "x": "="}'),
            ("text/plain;application/json", b'{"query": "mutation { slowly }"}'),
            ("application/x-www-form-urlencoded", b"query=mutation%20%7B%20slowly%20%7D"),
            ("application/x-www-form-urlencoded", b'{"query": "mutation { slowly }", "x": "="}'),
            (FORM, UPLOAD),
            (FORM + "; charset=application/json", UPLOAD),
            (None, b'{"query": "mutation { slowly }"}'),
            ("", b'{"query": "mutation { slowly }"}'),
        ],
    )
    async def test_by_post(self, content_type: str | None, body: bytes) -> None:
        hub = TryHub()
        hub.go_on.set()
        headers = {"origin": STRANGER} | ({} if content_type is None else {"content-type": content_type})
        for origins in ((), (FRIEND,), ("*",)):
            async with browser(hub, *origins) as page:
                answer = await page.post("/graphql", content=body, headers=headers)
                assert answer.status_code in (400, 415)
                assert (await page.post(f"/graphql?query={MUTATION}", content=body, headers=headers)).status_code >= 400
        assert hub.infos == [] and hub.done == []

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("accept", ["*/*", "text/html", "text/event-stream", "image/png"])
    async def test_by_address(self, method: str, accept: str) -> None:
        hub = TryHub()
        hub.go_on.set()
        async with browser(hub, FRIEND) as page:
            for asked in ({"query": MUTATION}, {"query": MUTATION, "_method": "POST", "operationName": ""}):
                answer = await page.request(method, "/graphql", params=asked, headers={"accept": accept})
                assert answer.status_code in (405, 406)
        assert hub.infos == [] and hub.done == []

    async def test_with_the_header_that_no_page_may_send_unasked_a_form_runs(self) -> None:
        hub = TryHub()
        hub.go_on.set()
        async with browser(hub) as page:
            headers = {"content-type": FORM, "apollo-require-preflight": "true"}
            assert (await page.post("/graphql", content=UPLOAD, headers=headers)).status_code == 200
        assert hub.done == ["slowly"]
