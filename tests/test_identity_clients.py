"""What stands for the address of somebody who has not signed in: his pace goes by it."""

from storage.access.revocation_following import RevocationFollower
from storage.access.secrets import load_secrets
from storage.store import Store
from transport.door import Credentials
from transport.identity.finding import Identity
from transport.identity.local_tokens import LocalTokens


async def test_a_customer_of_ipv6_has_one_pace_with_all_its_addresses(sqlite_store: Store) -> None:
    secrets = await sqlite_store.read(load_secrets)
    identity = Identity(sqlite_store, LocalTokens(secrets.tokens), RevocationFollower(sqlite_store), secrets.hashes)

    async def client(address: str | None) -> str:
        return (await identity.identify(Credentials(client_address=address))).client

    assert await client("2001:db8:1:2::1") == await client("2001:db8:1:2:ffff::9") != await client("2001:db8:1:3::1")
    assert await client("::ffff:192.0.2.1") == await client("192.0.2.1") != await client("192.0.2.2")
    assert "192.0.2.1" not in await client("192.0.2.1")
