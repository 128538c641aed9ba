"""Photos over HTTP: public ones for everybody, others only under a signed address, and nothing that a browser would run."""

import re
import time
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
            assert "default-src 'none'" in served.headers["content-security-policy"]

    def test_is_not_sent_twice_to_who_has_it(self, shared_hub: RunningHub) -> None:
        url = submit(shared_hub, jpeg())["report"]["photos"][0]["url"]
        etag = shared_hub.client.get(url).headers["etag"]
        assert shared_hub.client.get(url, headers={"If-None-Match": etag}).status_code == 304

    def test_has_another_address_than_any_other_and_than_its_file(self, shared_hub: RunningHub) -> None:
        urls = {submit(shared_hub, jpeg())["report"]["photos"][0]["url"] for _ in range(2)}
        names = {path.name for path in (shared_hub.folder / "photos").rglob("*") if path.is_file()}
        assert len(urls) == 2
        assert not any(url.rpartition("/")[2] in names for url in urls)


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


@pytest.mark.parametrize("address", ["A" * 24, "../../etc/passwd", "short", "%00", "A" * 24 + "/thumbnail"])
def test_what_is_no_address_is_not_found(shared_hub: RunningHub, address: str) -> None:
    assert shared_hub.client.get(f"/photos/{address}").status_code == 404
