"""Preparing and executing: what is refused and with which code, what a failure tells and what it does not."""

import asyncio
import logging
from typing import Any, ClassVar

import pytest

from execution import Engine, RequestRefused
from execution.documents import Documents
from tests.door import Context, TryHub, Who, try_schema
from transport import RequestInfo


@pytest.fixture
def hub() -> TryHub:
    return TryHub()


def context_of(hub: TryHub) -> Context:
    return Context(Who("somebody"), RequestInfo(kind="query", way="http"), hub)


async def run(hub: TryHub, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await hub.engine.execute(hub.engine.prepare(query, None, variables), context_of(hub))
    return answer.payload()


class TestPreparing:
    @pytest.mark.parametrize(
        ("query", "name", "variables", "code"),
        [
            ("{", None, None, "GRAPHQL_PARSE_FAILED"),
            ("", None, None, "GRAPHQL_PARSE_FAILED"),
            ("{ nope }", None, None, "GRAPHQL_VALIDATION_FAILED"),
            ("query A { hello } query A { hello }", "A", None, "GRAPHQL_VALIDATION_FAILED"),
            ("query ($n: Int!) { reports(first: $n) { id } }", None, {"n": "many"}, "BAD_USER_INPUT"),
            ("query ($n: Int!) { reports(first: $n) { id } }", None, {}, "BAD_USER_INPUT"),
            ("query A { hello } query B { hello }", None, None, "BAD_USER_INPUT"),
            ("query A { hello }", "C", None, "BAD_USER_INPUT"),
            ("fragment F on Query { hello }", None, None, "GRAPHQL_VALIDATION_FAILED"),
        ],
    )
    def test_what_is_wrong_is_refused_with_its_code(
        self, hub: TryHub, query: str, name: str | None, variables: dict[str, Any] | None, code: str
    ) -> None:
        with pytest.raises(RequestRefused) as refused:
            hub.engine.prepare(query, name, variables)
        assert refused.value.code == code
        assert all(error["extensions"]["code"] == code for error in refused.value.errors)
        assert all(error["message"] for error in refused.value.errors)

    def test_an_error_in_the_text_says_where(self, hub: TryHub) -> None:
        with pytest.raises(RequestRefused) as refused:
            hub.engine.prepare("{ hello\n  nope }")
        assert refused.value.errors[0]["locations"] == [{"line": 2, "column": 3}]

    @pytest.mark.parametrize(
        "wrong",
        [{"photo": "/home/budi/ktp.jpg"}, ["/home/budi/ktp.jpg"], {"caption": "ktp.jpg"}]
        + [{"photos": [], "caption": found} for found in (["ktp.jpg"], {"a": "ktp.jpg"})],
    )
    def test_what_is_wrong_in_variables_is_told_without_all_that_was_sent(self, hub: TryHub, wrong: Any) -> None:
        """It may hold what was told in confidence, and messages end in logs."""
        with pytest.raises(RequestRefused) as refused:
            hub.engine.prepare("mutation ($input: Photos!) { submit(input: $input) }", None, {"input": wrong})
        for error in refused.value.errors:
            assert error["message"].endswith((".", "?")) and error["locations"]
            assert "ktp" not in error["message"]

    def test_deep_nesting_is_refused_and_does_not_overflow(self, hub: TryHub) -> None:
        with pytest.raises(RequestRefused):
            hub.engine.prepare("{ reports(first: 1) " + "{ parent " * 20_000 + "}" * 20_001)

    def test_the_operation_is_chosen_by_name(self, hub: TryHub) -> None:
        prepared = hub.engine.prepare("query A { hello } mutation B { slowly }", "B")
        assert (prepared.kind, prepared.name) == ("mutation", "B")

    def test_variables_are_coerced_with_their_defaults(self, hub: TryHub) -> None:
        prepared = hub.engine.prepare(
            "query ($n: Int = 3, $s: String) { reports(first: $n) { id } hello(name: $s) }", None, {"s": "x"}
        )
        assert prepared.variables == {"n": 3, "s": "x"}


class TestDocuments:
    def test_the_same_text_is_parsed_once(self) -> None:
        documents = Documents(try_schema())
        assert documents.get("{ hello }") is documents.get("{ hello }")

    def test_the_least_recently_used_leave_first(self) -> None:
        documents = Documents(try_schema(), count=2)
        first = documents.get("{ a: hello }")
        documents.get("{ b: hello }")
        documents.get("{ a: hello }")
        documents.get("{ c: hello }")
        assert len(documents) == 2
        assert documents.get("{ a: hello }") is first

    def test_long_texts_do_not_fill_the_memory(self) -> None:
        documents = Documents(try_schema(), tokens=20)
        documents.get("{ hello }")
        for name in ("a", "b", "c"):
            documents.get("{ " + " ".join(f"{name}{number}: hello" for number in range(6)) + " }")
            assert len(documents) == 1

    def test_nor_do_long_comments(self) -> None:
        documents = Documents(try_schema(), tokens=20)
        for letter in ("x", "y", "z"):
            documents.get("{ hello } #" + letter * 15_000)
        assert len(documents) == 1

    def test_what_is_wrong_is_not_kept(self) -> None:
        documents = Documents(try_schema())
        with pytest.raises(RequestRefused):
            documents.get("{ nope }")
        assert len(documents) == 0


class TestFailures:
    async def test_a_clients_mistake_has_its_code_and_what_belongs_to_it(self, hub: TryHub) -> None:
        payload = await run(hub, "{ hello mistake }")
        assert payload["data"] == {"hello": "Halo, Jakarta!", "mistake": None}
        assert payload["errors"] == [
            {
                "message": "Too soon.",
                "locations": [{"line": 1, "column": 9}],
                "path": ["mistake"],
                "extensions": {"code": "RATE_LIMITED", "retryAfter": 3},
            }
        ]

    async def test_the_hubs_own_failure_shows_only_an_id_that_the_log_has(
        self, hub: TryHub, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR, "simpul.execution"):
            payload = await run(hub, "{ broken }")
        (error,) = payload["errors"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert "secrets" not in str(payload) and "/srv" not in str(payload)
        assert error["extensions"]["id"] in caplog.text
        assert "no such table: secrets" in caplog.text

    async def test_null_where_none_may_be_goes_up_to_the_top(self, hub: TryHub) -> None:
        payload = await run(hub, "{ hello brokenHard }")
        assert payload["data"] is None
        assert payload["errors"][0]["path"] == ["brokenHard"]

    async def test_an_argument_found_wrong_while_running_is_the_clients_mistake(self, hub: TryHub) -> None:
        payload = await run(hub, "query ($n: Int = 3) { reports(first: $n) { id } }", {"n": None})
        assert payload["data"] is None
        assert payload["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}

    async def test_a_resolver_that_returns_what_its_type_cannot_be_is_the_hubs_failure(self) -> None:
        schema = try_schema()
        assert schema.query_type
        schema.query_type.fields["reports"].resolve = lambda _, info, first: [{"id": "seven"}]
        engine = Engine(schema)
        answer = await engine.execute(engine.prepare("{ reports(first: 1) { id } }"), context_of(TryHub()))
        assert answer.errors is not None
        assert answer.errors[0]["extensions"]["code"] == "INTERNAL"
        assert "seven" not in str(answer.errors)

    async def test_exceptions_with_a_code_of_another_kind_are_masked(self) -> None:
        class DriverError(Exception):
            code = "e3q8"
            extensions: ClassVar[dict[str, Any]] = {}

        schema = try_schema()
        assert schema.query_type

        def fail(_: Any, info: Any) -> str:
            raise DriverError("password=hunter2")

        schema.query_type.fields["broken"].resolve = fail
        engine = Engine(schema)
        answer = await engine.execute(engine.prepare("{ broken }"), context_of(TryHub()))
        assert answer.errors is not None
        assert answer.errors[0]["extensions"]["code"] == "INTERNAL"
        assert "hunter2" not in str(answer.errors)


class TestEnding:
    async def test_a_cancelled_operation_cancels_what_it_waits_for(self, hub: TryHub) -> None:
        running = asyncio.create_task(run(hub, "{ slow }"))
        await hub.slow_entered.wait()
        running.cancel()
        await asyncio.wait((running,))
        assert hub.slow_cancelled.is_set()
