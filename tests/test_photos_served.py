"""Photos over HTTP: public ones for everybody, others only under a signed address, and nothing that a browser would run."""

import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from tests.images import jpeg, plain_webp
from tests.running import RunningHub

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { id photos { url thumbnailUrl } } followToken userErrors { message } }
}
"""
HIDE = """
mutation ($input: SetConfidentialInput!) {
  setConfidential(input: $input) { report { photos { url } } userErrors { message } }
}
"""


def submit(hub: RunningHub, photo: bytes, **more: Any) -> dict[str, Any]:
    place = {"latitude": -6.2088, "longitude": 106.8501}
    given = {"text": "Jalan rusak", "category": "damaged_road", "location": place, "photos": [None], **more}
    payload = hub.upload(SUBMIT, {"input": given}, {"variables.input.photos.0": photo})["data"]["submitReport"]
    assert payload["userErrors"] == []
    told: dict[str, Any] = payload
    return told


class TestAPublicPhoto:
    def test_is_served_with_its_type_for_five_minutes_and_can_do_nothing(self, shared_hub: RunningHub) -> None:
        photo = submit(shared_hub, plain_webp())["report"]["photos"][0]
        for url in (photo["url"], photo["thumbnailUrl"]):
            served = shared_hub.client.get(url)
            assert served.status_code == 200
            assert served.headers["content-type"].startswith("image/")
            assert served.headers["cache-control"] == "public, max-age=300"
            assert served.headers["x-content-type-options"] == "nosniff"
            assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert served.headers["content-disposition"] == "inline"

    def test_is_not_sent_twice_to_who_has_it(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg())["report"]["photos"][0]["url"]
        etag = shared_hub.client.get(url).headers["etag"]
        assert shared_hub.client.get(url, headers={"If-None-Match": etag}).status_code == 304

    def test_has_another_address_than_any_other_and_than_its_file(self, shared_hub: RunningHub) -> None:
        urls = {submit(shared_hub, jpeg())["report"]["photos"][0]["url"] for _ in range(2)}
        names = {path.name for path in (shared_hub.folder / "photos").rglob("*") if path.is_file()}
        assert len(urls) == 2
        assert not any(url.rpartition("/")[2] in names for url in urls)

    def test_tells_its_size_without_its_bytes(self, shared_hub: RunningHub) -> None:
        photo = submit(shared_hub, jpeg())["report"]["photos"][0]
        for url in (photo["url"], photo["thumbnailUrl"]):
            whole, asked = shared_hub.client.get(url), shared_hub.client.head(url)
            assert asked.status_code == 200 and asked.content == b""
            told = ("content-length", "content-type", "etag", "cache-control", "x-content-type-options")
            assert [asked.headers[name] for name in told] == [whole.headers[name] for name in told]

    def test_comes_whole_whatever_range_is_asked_for(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg())["report"]["photos"][0]["url"]
        served = shared_hub.client.get(url, headers={"Range": "bytes=0-9"})
        assert served.status_code == 200 and served.headers["accept-ranges"] == "none"
        assert served.content == shared_hub.client.get(url).content

    def test_can_only_be_read(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg())["report"]["photos"][0]["url"]
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            refused = shared_hub.client.request(method, url)
            assert refused.status_code == 405 and set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}

    def test_of_pages_and_scripts_there_are_none(self, shared_hub: RunningHub) -> None:
        """What a browser would run is not taken; what hides within a picture does not come out of the hub again."""
        script = b"<script>alert(document.domain)</script>"
        for page in (b"<!doctype html>" + script, b'<svg xmlns="http://www.w3.org/2000/svg">' + script + b"</svg>"):
            assert codes_of(shared_hub, page) == ["UNSUPPORTED_MEDIA_TYPE"]
        photo = submit(shared_hub, jpeg() + script)["report"]["photos"][0]
        for url in (photo["url"], photo["thumbnailUrl"]):
            served = shared_hub.client.get(url)
            assert served.headers["content-type"] == "image/jpeg" and script not in served.content

    def test_whose_row_says_html_is_not_served(self, shared_hub: RunningHub) -> None:
        """As if somebody had got at the database."""
        url = submit(shared_hub, jpeg())["report"]["photos"][0]["url"]
        address = url.rpartition("/")[2]
        with closing(sqlite3.connect(shared_hub.folder / "simpul.db")) as store, store:
            store.execute("UPDATE photos SET content_type = 'text/html' WHERE address = ?", (address,))
        assert shared_hub.client.get(url).status_code == 404
        assert shared_hub.client.get(f"{url}/thumbnail").status_code == 200


class TestAConfidentialPhoto:
    def test_is_served_only_under_the_signed_address(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg(), confidential=True)["report"]["photos"][0]["url"]
        assert shared_hub.client.get(url).headers["cache-control"] == "private, no-store"
        assert shared_hub.client.get(url.partition("?")[0]).status_code == 404
        assert shared_hub.client.get(re.sub("signature=.", "signature=_", url)).status_code == 404

    def test_address_ends(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg(), confidential=True)["report"]["photos"][0]["url"]
        over = int(time.time()) - 1
        assert shared_hub.client.get(re.sub(r"expires=\d+", f"expires={over}", url)).status_code == 404

    def test_old_address_finds_nothing_once_the_report_was_hidden(self, shared_hub: RunningHub) -> None:
        told = submit(shared_hub, jpeg())
        url = told["report"]["photos"][0]["url"]
        given = {"reportId": told["report"]["id"], "confidential": True, "followToken": told["followToken"]}
        hidden = shared_hub.data(HIDE, {"input": given})["setConfidential"]
        assert hidden["userErrors"] == []
        assert shared_hub.client.get(url).status_code == 404
        assert shared_hub.client.get(hidden["report"]["photos"][0]["url"]).status_code == 200


def codes_of(hub: RunningHub, photo: bytes) -> list[str]:
    place = {"latitude": -6.2088, "longitude": 106.8501}
    given = {"text": "Jalan rusak", "category": "damaged_road", "location": place, "photos": [None]}
    query = "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { userErrors { code } } }"
    payload = hub.upload(query, {"input": given}, {"variables.input.photos.0": photo})["data"]["submitReport"]
    return [error["code"] for error in payload["userErrors"]]


@pytest.mark.parametrize("address", ["A" * 24, "../../etc/passwd", "short", "%00", "A" * 24 + "/thumbnail"])
def test_what_is_no_address_is_not_found(shared_hub: RunningHub, address: str) -> None:
    assert shared_hub.client.get(f"/photos/{address}").status_code == 404
