"""Whose a connection is: what counts as one client, and that nobody says he is another."""

from pathlib import Path

import httpx
import pytest

from tests.door import served, socket_to
from tests.raw_client import raw_client
from tests.running import RunningHub
from transport import DoorSettings
from transport.identity.clients import Places, TooMany, client_of
from transport.settings.configuration import WrongSetting
from transport.settings.loading import load_settings


class TestOneClient:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
            ("10.1.2.3", "::ffff:10.1.2.3"),
            ("fe80::1%eth0", "fe80::2%eth1"),
        ],
    )
    def test_is(self, one: str, other: str) -> None:
        assert client_of(one) == client_of(other)

    @pytest.mark.parametrize(
        ("one", "other"), [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("10.1.2.3", "10.1.2.4"), ("a.example", "b.example")]
    )
    def test_is_not(self, one: str, other: str) -> None:
        assert client_of(one) != client_of(other)

    def test_who_has_no_address_is_not_limited(self) -> None:
        places = Places(1)
        with places.taken(None), places.taken(None):
            assert places.free(None)

    def test_a_place_is_free_again_whatever_ended_its_use(self) -> None:
        places = Places(1)
        with pytest.raises(RuntimeError), places.taken("10.0.0.1"):
            with pytest.raises(TooMany), places.taken("10.0.0.1"):
                pass
            assert places.free("10.0.0.2")
            raise RuntimeError
        assert places.free("10.0.0.1")
        assert not places._taken, "nothing is kept of who left"


async def addresses_seen(settings: DoorSettings, headers: dict[str, str]) -> list[str | None]:
    """What the hub takes for the client's address: over HTTP, by events and on a socket."""
    async with served(settings) as stage:
        async with httpx.AsyncClient(headers=headers) as client:
            await client.post(stage.http, json={"query": "{ hello }"})
            await client.post(stage.http, json={"query": "{ hello }"}, headers={"accept": "text/event-stream"})
        async with socket_to(stage, additional_headers=headers) as socket:
            await socket.init()
            await socket.subscribe("1", "{ hello }")
            await socket.receive()
        return [info.client_address for info in stage.hub.infos]


class TestAddresses:
    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-For": "203.0.113.9"},
            {"Forwarded": "for=203.0.113.9"},
            {"X-Real-IP": "203.0.113.9", "X-Client-IP": "203.0.113.9", "True-Client-IP": "203.0.113.9"},
        ],
    )
    async def test_no_header_fakes_one(self, headers: dict[str, str]) -> None:
        assert await addresses_seen(DoorSettings(answer_seconds=0), headers) == ["127.0.0.1"] * 3

    async def test_nor_does_another_than_the_proxies_that_are_trusted(self) -> None:
        settings = DoorSettings(trusted_proxies=("10.0.0.0/8", "192.0.2.1"), answer_seconds=0)
        assert await addresses_seen(settings, {"X-Forwarded-For": "203.0.113.9"}) == ["127.0.0.1"] * 3

    async def test_a_trusted_proxy_is_believed_for_what_it_added_itself(self) -> None:
        """Each proxy appends whom it saw: what a client put there stands before it, and is not looked at."""
        settings = DoorSettings(trusted_proxies=("127.0.0.0/8", "10.0.0.0/8"), answer_seconds=0)
        shown = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9, 10.0.0.5"}
        assert await addresses_seen(settings, shown) == ["203.0.113.9"] * 3

    async def test_clients_behind_a_trusted_proxy_have_places_of_their_own(self) -> None:
        settings = DoorSettings(trusted_proxies=("127.0.0.1",), sockets_per_client=1)
        async with (
            served(settings) as stage,
            socket_to(stage, additional_headers={"X-Forwarded-For": "203.0.113.1"}) as one,
            socket_to(stage, additional_headers={"X-Forwarded-For": "203.0.113.2"}) as other,
            socket_to(stage, additional_headers={"X-Forwarded-For": "203.0.113.1"}) as third,
        ):
            await one.init()
            await other.init()
            assert (await third.close_code())[0] == 4429

    async def test_addresses_of_their_own_are_clients_of_their_own(self) -> None:
        async with (
            served(DoorSettings(sockets_per_client=1)) as stage,
            raw_client(stage.port, from_address="127.0.0.2") as one,
            raw_client(stage.port, from_address="127.0.0.3") as other,
            raw_client(stage.port, from_address="127.0.0.2") as third,
        ):
            await one.init()
            await other.init()
            await third.upgrade()
            assert (await third.closing())[0] == 4429


class TestSetting:
    @pytest.mark.parametrize("wrong", ["*", "balancer.example", "10.0.0.0/33", "10.0.0.1/8"])
    def test_only_addresses_and_networks_are_trusted(self, wrong: str) -> None:
        """A star would believe whoever connects."""
        with pytest.raises(WrongSetting, match="TRUSTED_PROXIES"):
            load_settings({"SIMPUL_TRUSTED_PROXIES": wrong})

    def test_a_list_of_them_is(self) -> None:
        settings = load_settings({"SIMPUL_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
        assert settings.for_door().trusted_proxies == ("10.0.0.0/8", "::1")


@pytest.mark.slow
def test_the_hub_as_it_is_run_believes_no_header_either(hub_folder: Path) -> None:
    """Its limits go by address: with another in each request, they would be none."""
    hub = RunningHub(hub_folder, {"SIMPUL_CODE_LOOKUPS_PER_MINUTE": "2"}).start()
    try:
        codes = []
        for number in range(3):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            query = {"query": '{ report(code: "JKT-AAAA-0000") { id } }'}
            answer = hub.client.post("/graphql", json=query, headers=headers).json()
            codes += [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes == ["RATE_LIMITED"]
    finally:
        hub.stop()
