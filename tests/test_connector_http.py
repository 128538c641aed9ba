"""Asking an outside system: every way in which it can fail has one word of the closed set, in bounded time and memory."""

import asyncio
import gzip
import json
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from connectors.config import SourceConfig
from connectors.errors import NotAuthorised, NotUnderstood, SourceFailure, SourceRefused, SourceUnavailable
from connectors.http import HttpClient, retry_after
from connectors.json_steps import BrokenOff, read_json
from domain.sink import SourceError
from tests.connector_samples import answered
from tests.raw_server import Talk, hang, head, raw_server, saying


def client(url: str, **settings: Any) -> HttpClient:
    limits = {"read_timeout_seconds": 0.2, "timeout_seconds": 0.5, **settings}
    return HttpClient(SourceConfig.model_validate({"base_url": url, "profile": "x", **limits}))


async def asked(talk: Talk, **settings: Any) -> Any:
    async with raw_server(talk) as url:
        asking = client(url, **settings)
        try:
            return await (await asking.get(f"{url}/reports?key=secret")).json()
        finally:
            await asking.aclose()


async def failing(talk: Talk, **settings: Any) -> SourceFailure:
    with pytest.raises(SourceFailure) as caught:
        await asked(talk, **settings)
    assert "secret" not in str(caught.value)
    return caught.value


class TestAnswers:
    async def test_json_is_read_without_a_content_type(self) -> None:
        assert await asked(saying(head(), b'{"a": 1}')) == {"a": 1}

    async def test_json_is_read_under_a_wrong_content_type(self) -> None:
        assert await asked(saying(head("200 OK", "Content-Type: text/html"), b" [1]")) == [1]

    async def test_no_content_is_nothing(self) -> None:
        assert await asked(saying(head("204 No Content"))) is None

    async def test_gzip_is_unpacked(self) -> None:
        body = gzip.compress(json.dumps(list(range(5_000))).encode())
        told = head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(body)}")
        assert len(await asked(saying(told, body))) == 5_000

    @pytest.mark.parametrize("cut", [1, 40, 70_000])
    async def test_gzip_of_several_members_is_unpacked_whole(self, cut: int) -> None:
        body = json.dumps([str(number) * 40 for number in range(5_000)]).encode()
        packed = gzip.compress(body[:cut], 0) + gzip.compress(b"") + gzip.compress(body[cut:], 0)
        told = head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}")
        assert len(await asked(saying(told, packed))) == 5_000

    async def test_what_follows_a_gzip_and_is_none_is_left_out(self) -> None:
        packed = gzip.compress(b"[1]") + b"\0\0\r\n"
        told = head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}")
        assert await asked(saying(told, packed)) == [1]

    @pytest.mark.parametrize(
        ("told", "sent"),
        [("iso-8859-1", "latin-1"), ('"Windows-1252"', "cp1252"), ("iso-8859-1", "utf-8"), ("none-such", "utf-8")],
    )
    async def test_json_is_read_in_the_charset_that_is_told_unless_it_is_utf_8(self, told: str, sent: str) -> None:
        body = json.dumps(["Café di Jalan Sabang"], ensure_ascii=False).encode(sent)
        said = saying(head("200 OK", f"Content-Type: application/json; charset={told}"), body)
        assert await asked(said) == ["Café di Jalan Sabang"]

    async def test_an_etag_brings_a_304(self) -> None:
        transport = httpx.MockTransport(
            lambda request: answered(304 if request.headers.get("If-None-Match") == '"x"' else 200)
        )
        asking = HttpClient(SourceConfig.model_validate({"base_url": "http://a.test", "profile": "x"}), transport)
        assert (await asking.get("http://a.test/", headers={"If-None-Match": '"x"'})).unchanged
        assert not (await asking.get("http://a.test/")).unchanged


class TestFailures:
    async def test_nobody_listens(self) -> None:
        async with raw_server(saying()) as url:
            gone = url
        asking = client(gone)
        with pytest.raises(SourceUnavailable) as caught:
            await asking.get(gone)
        assert caught.value.error is SourceError.REFUSED

    async def test_the_connection_is_reset_before_an_answer(self) -> None:
        async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        assert (await failing(reset)).error is SourceError.BROKEN_OFF

    async def test_a_kept_connection_is_reset_after_a_whole_answer(self) -> None:
        """As a server does that cuts off its answers, where the one before had no body to be cut."""

        async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head("304 Not Modified"))
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()

        async with raw_server(answer_once) as url:
            asking = client(url)
            assert (await asking.get(url)).unchanged
            with pytest.raises(SourceUnavailable) as caught:
                await asking.get(url)
            await asking.aclose()
        assert caught.value.error is SourceError.BROKEN_OFF

    @pytest.mark.alone
    async def test_it_hangs_before_the_answer(self) -> None:
        begun = time.monotonic()
        assert (await failing(hang)).error is SourceError.TIMED_OUT
        assert time.monotonic() - begun < 0.6

    @pytest.mark.alone
    async def test_it_dribbles_without_end(self) -> None:
        async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head())
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

        begun = time.monotonic()
        assert (await failing(dribble)).error is SourceError.TIMED_OUT
        assert time.monotonic() - begun < 0.9

    async def test_half_of_a_promised_body(self) -> None:
        assert (await failing(saying(head("200 OK", "Content-Length: 90"), b'{"a":'))).error is SourceError.BROKEN_OFF

    async def test_half_of_an_unpromised_body(self) -> None:
        assert (await failing(saying(head(), b'{"a": ["banj'))).error is SourceError.BROKEN_OFF

    async def test_half_of_a_gzip(self) -> None:
        body = gzip.compress(json.dumps(list(range(5_000))).encode())[:500]
        assert (await failing(saying(head("200 OK", "Content-Encoding: gzip"), body))).error is SourceError.BROKEN_OFF

    async def test_the_second_half_of_a_gzip_is_missing(self) -> None:
        body = gzip.compress(b"[1,") + gzip.compress(b"2]")[:-5]
        assert (await failing(saying(head("200 OK", "Content-Encoding: gzip"), body))).error is SourceError.BROKEN_OFF

    @pytest.mark.parametrize("charset", ["none-such", "hex", "ascii"])
    async def test_no_utf_8_in_a_charset_that_does_not_help(self, charset: str) -> None:
        told = head("200 OK", f"Content-Type: application/json; charset={charset}")
        assert (await failing(saying(told, b'["Caf\xe9"]'))).error is SourceError.NOT_UNDERSTOOD

    @pytest.mark.parametrize(
        ("status", "kind", "error"),
        [
            ("500 Oops", SourceUnavailable, SourceError.SERVER_ERROR),
            ("503 Busy", SourceUnavailable, SourceError.SERVER_ERROR),
            ("429 Slow down", SourceUnavailable, SourceError.REJECTED),
            ("401 Who", NotAuthorised, SourceError.NOT_AUTHORISED),
            ("403 No", NotAuthorised, SourceError.NOT_AUTHORISED),
            ("400 What", SourceRefused, SourceError.REJECTED),
            ("404 Where", SourceRefused, SourceError.REJECTED),
            ("301 There\r\nLocation: /v2/reports", NotUnderstood, SourceError.NOT_UNDERSTOOD),
            ("206 Some", NotUnderstood, SourceError.NOT_UNDERSTOOD),
        ],
    )
    async def test_statuses(self, status: str, kind: type[SourceFailure], error: SourceError) -> None:
        failure = await failing(saying(head(status, "Content-Length: 0")))
        assert type(failure) is kind
        assert failure.error is error

    async def test_a_redirect_is_not_followed_and_its_target_is_told(self) -> None:
        failure = await failing(saying(head("301 Moved", "Location: /v2/reports", "Content-Length: 0")))
        assert "'/v2/reports'" in str(failure)

    @pytest.mark.parametrize("rest", ["?key=secret", "#secret", ""])
    async def test_the_log_is_not_told_what_key_a_redirect_carries(self, rest: str) -> None:
        location = f"Location: http://me:secret@a.test/v2/reports{rest}"
        failure = await failing(saying(head("302 Found", location, "Content-Length: 0")))
        assert "a.test/v2/reports" in str(failure)

    async def test_a_page_for_people(self) -> None:
        told = saying(head("200 OK", "Content-Type: text/html"), b"\n<!DOCTYPE html><h1>Pemeliharaan</h1>")
        assert (await failing(told)).error is SourceError.NOT_UNDERSTOOD

    async def test_no_http_at_all(self) -> None:
        assert (await failing(saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))).error is SourceError.NOT_UNDERSTOOD


class TestBounds:
    async def test_200_megabytes_are_cut_off_early(self) -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            writer.write(head() + b'"')
            for _ in range(3_200):
                writer.write(b"banjir." * 9_362)
                sent += 65_534
                await writer.drain()

        tracemalloc.start()
        try:
            failure = await failing(flood, max_megabytes=1, timeout_seconds=20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert failure.error is SourceError.TOO_LARGE
        assert sent < 20_000_000
        assert peak < 10_000_000

    async def test_a_promise_of_too_much_is_refused_unread(self) -> None:
        told = saying(head("200 OK", "Content-Length: 200000000"))
        assert (await failing(told, max_megabytes=1)).error is SourceError.TOO_LARGE

    async def test_a_gzip_bomb_is_cut_off(self) -> None:
        bomb = gzip.compress(b"\0" * 60_000_000)
        told = saying(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(bomb)}"), bomb)
        tracemalloc.start()
        try:
            failure = await failing(told, max_megabytes=1, timeout_seconds=20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert failure.error is SourceError.TOO_LARGE
        assert peak < 10_000_000

    async def test_a_gzip_bomb_of_many_members_is_cut_off(self) -> None:
        bomb = gzip.compress(b"\0" * 500_000) * 40
        told = saying(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(bomb)}"), bomb)
        assert (await failing(told, max_megabytes=1, timeout_seconds=20)).error is SourceError.TOO_LARGE

    async def test_reading_much_json_leaves_the_loop_its_turns(self) -> None:
        """The C parser would read all of it without letting go of the interpreter: one or two turns in all."""
        feature = json.dumps({"geometry": {"coordinates": [[106.8 + step / 1e4, -6.2] for step in range(150)]}})
        body = b'{"result": {"features": [' + b",".join([feature.encode()] * 2_500) + b"]}}"
        assert len(body) > 7_000_000
        transport = httpx.MockTransport(lambda request: answered(200, body))
        asking = HttpClient(SourceConfig.model_validate({"base_url": "http://a.test", "profile": "x"}), transport)
        answer = await asking.get("http://a.test/floods")
        reading = asyncio.create_task(answer.json(unread="features"))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert len((await reading)["result"]["features"]) == 2_500
        assert turns >= 10


class TestRetryAfter:
    def test_seconds_and_dates(self) -> None:
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        assert retry_after(httpx.Headers({"Retry-After": "7"})) == 7
        assert 50 < (retry_after(httpx.Headers({"Retry-After": soon})) or 0) <= 60
        assert retry_after(httpx.Headers({"Retry-After": "99999999999999"})) == 3_600
        assert retry_after(httpx.Headers({"Retry-After": "later"})) is None
        assert retry_after(httpx.Headers()) is None


class TestJsonInSteps:
    """A large text is read in another way than a small one; it must give the same."""

    @pytest.mark.parametrize(
        "value",
        [
            {"statusCode": 200, "result": {"features": [{"a": [1, {"b": None}], "t": 'é\n\\"]}'}, {}, []]}},
            [{"post_id": 1}, 2, "three", None, True, 4.5e-3],
            {"a": {}, "b": [], "c": {"d": {"e": {"f": {"g": [1]}}}}},
            "text",
            17,
        ],
    )
    @pytest.mark.parametrize("indent", [None, 2])
    def test_as_the_standard_library_reads_it(self, value: Any, indent: int | None) -> None:
        padding = "x" * 300_000
        body = json.dumps([value, padding], indent=indent).encode()
        assert read_json(body) == [value, padding]
        assert read_json(b"\xef\xbb\xbf " + json.dumps(value, indent=indent).encode()) == value

    @pytest.mark.parametrize("cut", [1, 10, 299_000, 300_030])
    def test_a_cut_text_is_broken_off(self, cut: int) -> None:
        body = json.dumps({"a": ["y" * 300_000, {"b": 1}, [2, 3], "tail"]}).encode()
        with pytest.raises(BrokenOff):
            read_json(body[:cut])

    @pytest.mark.parametrize("broken", ['{"a" 1}', '{"a": 1,}', "[1 2]", "{1: 2}", "[1],", "[1}", "[NaN]"])
    def test_what_is_no_json_is_refused_in_both_ways(self, broken: str) -> None:
        for body in (broken.encode(), (" " * 300_000 + broken).encode()):
            with pytest.raises(ValueError, match=r".") as caught:
                read_json(body)
            assert not isinstance(caught.value, BrokenOff)

    def test_the_members_of_a_large_list_can_be_left_unread(self) -> None:
        features = [{"a": number, "pad": "x" * 1_000} for number in range(300)]
        told = read_json(json.dumps({"result": {"arcs": [[1]], "features": features}}).encode(), unread="features")
        assert [member.read() for member in told["result"]["features"]] == features
        assert told["result"]["arcs"] == [[1]]
        broken = json.dumps({"features": features}).replace('"a": 299', '"a": 29 9')
        with pytest.raises(ValueError, match=r"."):
            read_json(broken.encode(), unread="features")
