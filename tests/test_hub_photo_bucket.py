"""A hub whose photos lie in a bucket: a photo's whole life, an outage, and a start that cannot be."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.photos.bucket_address import BucketAddress, parse_bucket
from storage.photos.store import new_key
from tests.buckets import ACCESS_KEY, SECRET_KEY, Gateway, running_gateway
from tests.images import jpeg
from tests.running import RunningHub
from tests.starting import run
from tests.test_photos_served import HIDE, submit
from transport.settings.configuration import WrongSetting
from transport.settings.loading import load_settings

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { id } userErrors { message } }
}
"""


@pytest.fixture(scope="module")
def own_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that these tests may stop."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@contextmanager
def hub_on(address: BucketAddress, folder: Path) -> Iterator[RunningHub]:
    folder.mkdir(exist_ok=True)
    hub = RunningHub(folder, settings_for(address, folder)).start()
    try:
        yield hub
    finally:
        hub.stop()


def settings_for(address: BucketAddress, folder: Path) -> dict[str, str]:
    secret = folder.parent / "secret"
    secret.write_text(f"{SECRET_KEY}\n")
    return {
        "SIMPUL_PHOTOS_URL": str(address),
        "SIMPUL_PHOTOS_ACCESS_KEY": ACCESS_KEY,
        "SIMPUL_PHOTOS_SECRET_KEY_FILE": str(secret),
        "SIMPUL_PHOTOS_TIMEOUT": "5",
    }


def photo_of(told: dict[str, Any]) -> dict[str, str]:
    photo: dict[str, str] = told["report"]["photos"][0]
    return photo


@pytest.mark.slow(seconds=10)
class TestAHubOnABucket:
    def test_a_photos_whole_life(self, own_gateway: Gateway, tmp_path: Path) -> None:
        address = own_gateway.new_bucket("kota")
        with hub_on(address, tmp_path / "data") as hub:
            told = submit(hub, jpeg())
            photo = photo_of(told)
            for url in (photo["url"], photo["thumbnailUrl"]):
                served = hub.client.get(url)
                assert served.status_code == 200 and served.headers["content-type"] == "image/jpeg"
                assert served.content.startswith(b"\xff\xd8\xff")
                head = hub.client.head(url)
                assert head.headers["content-length"] == str(len(served.content)) and head.content == b""
            kept = own_gateway.names(address)
            assert len(kept) == 2 and all(name.startswith("kota/") for name in kept)
            assert not (hub.folder / "photos").exists(), "nothing lies in the data folder"
            assert_private(own_gateway, address, kept)

            given = {"reportId": told["report"]["id"], "confidential": True, "followToken": told["followToken"]}
            hidden = hub.data(HIDE, {"input": given})["setConfidential"]["report"]
            assert hub.client.get(photo["url"]).status_code == 404
            assert hub.client.get(hidden["photos"][0]["url"]).status_code == 200
            assert own_gateway.names(address) == kept, "only the address is another"

    def test_what_no_report_has_is_swept_after_an_hour_and_the_rest_stays(
        self, own_gateway: Gateway, tmp_path: Path
    ) -> None:
        address = own_gateway.new_bucket("kota")
        with hub_on(address, tmp_path / "data") as hub:
            photo = photo_of(submit(hub, jpeg()))
        another_process_may_sweep(tmp_path / "data")
        kept = own_gateway.names(address)
        forgotten = "kota/" + shard(new_key())
        own_gateway.put(address, forgotten)
        own_gateway.stop()
        own_gateway.age(seconds=2 * 3600)
        own_gateway.start()
        young = "kota/" + shard(new_key())
        own_gateway.put(address, young)
        with hub_on(address, tmp_path / "data") as hub:
            until(lambda: forgotten not in own_gateway.names(address))
            assert own_gateway.names(address) == {*kept, young}
            path = photo["url"].removeprefix(photo["url"].partition("/photos/")[0])
            assert hub.client.get(path).status_code == 200

    def test_an_outage_is_told_and_passes_and_nothing_else_suffers(self, own_gateway: Gateway, tmp_path: Path) -> None:
        address = own_gateway.new_bucket()
        with hub_on(address, tmp_path / "data") as hub:
            url = photo_of(submit(hub, jpeg()))["url"]
            own_gateway.stop()
            served = hub.client.get(url)
            assert (served.status_code, served.headers["retry-after"]) == (503, "30")
            assert served.headers["cache-control"] == "no-store"
            refused = attempt(hub)
            assert refused["errors"][0]["extensions"]["code"] == "OVERLOADED"
            assert refused["errors"][0]["extensions"]["retryAfter"] == 30
            assert refused["errors"][0]["path"] == ["submitReport"]
            assert hub.client.get("/healthz").status_code == 200
            assert hub.data("{ reports(first: 5) { edges { node { id } } } }")["reports"]["edges"]
            for answer in (served.text, str(refused)):
                assert "127.0.0.1" not in answer and address.bucket not in answer
            own_gateway.start()
            assert hub.client.get(url).status_code == 200
            assert attempt(hub)["data"]["submitReport"]["userErrors"] == []
            assert "nobody listens there" in hub.log
            assert SECRET_KEY not in hub.log and "Traceback" not in hub.log


class TestAStartThatCannotBe:
    def test_is_one_line_that_says_why(self, own_gateway: Gateway, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        told = {**settings_for(own_gateway.new_bucket(), folder), "SIMPUL_PHOTOS_SECRET_KEY": "wrong-secret"}
        environment = {"PATH": "/usr/bin", "SIMPUL_DATA_DIR": str(folder), "SIMPUL_PORT": "0", **told}
        started = run(["server.py", "serve"], environment)
        assert started.returncode == 1
        assert "mend SIMPUL_PHOTOS_SECRET_KEY" in started.stderr.splitlines()[-1]
        for hidden in ("Traceback", SECRET_KEY, "wrong-secret"):
            assert hidden not in started.stderr

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"SIMPUL_PHOTOS_URL": "s3://foto"}, "The setting SIMPUL_PHOTOS_URL (or photos_url in the file) is wrong"),
            ({"SIMPUL_PHOTOS_ACCESS_KEY": ""}, "The setting SIMPUL_PHOTOS_URL needs a key"),
            ({"SIMPUL_PHOTOS_SECRET_KEY_FILE": ""}, "The setting SIMPUL_PHOTOS_URL needs a key"),
            ({"SIMPUL_PHOTOS_SECRET_KEY_FILE": "/no/such/file"}, "The file of a secret, /no/such/file, cannot be read"),
        ],
    )
    def test_names_the_setting(self, tmp_path: Path, settings: dict[str, str], words: str) -> None:
        bucket = parse_bucket("https://s3.example/foto")
        with pytest.raises(WrongSetting) as told:
            assert load_settings({**settings_for(bucket, tmp_path / "data"), **settings}).photo_bucket
        assert words in str(told.value) and SECRET_KEY not in str(told.value)


def attempt(hub: RunningHub) -> dict[str, Any]:
    place = {"latitude": -6.2088, "longitude": 106.8501}
    given = {"text": "Lampu mati", "category": "street_light", "location": place, "photos": [None]}
    return hub.upload(SUBMIT, {"input": given}, {"variables.input.photos.0": jpeg()})


def assert_private(gateway: Gateway, address: BucketAddress, names: set[str]) -> None:
    for name in names:
        assert httpx.get(f"{gateway.url}/{address.bucket}/{name}").status_code == 403


def another_process_may_sweep(folder: Path) -> None:
    """Ends the lease that the hub that stopped had on sweeping, as a quarter of an hour would."""
    with closing(sqlite3.connect(folder / "simpul.db")) as store, store:
        store.execute("DELETE FROM leases")


def shard(key: str) -> str:
    return f"{key[:2]}/{key}"


def until(true: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
