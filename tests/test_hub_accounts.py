"""Whose allowance an operation is drawn from."""

from typing import Any, cast

import pytest

from domain.vocabulary import Role
from execution import Engine
from resolvers.viewer import ANONYMOUS, Viewer
from schema.root import graphql_schema
from transport.door import Account
from transport.hub import SimpulHub

HUB = SimpulHub(Engine(graphql_schema()), cast(Any, None), cast(Any, None))


@pytest.mark.parametrize(
    ("viewer", "account"),
    [
        (ANONYMOUS, Account()),
        (Viewer(follow_hashes=(b"x" * 32,), client="c"), Account()),
        (Viewer(Role.CITIZEN, person_id=3), Account("person:3")),
        (Viewer(Role.RESPONDER, person_id=4, agency_id=1), Account("person:4", trusted=True)),
        (Viewer(Role.ADMIN, person_id=5), Account("person:5", trusted=True)),
        (Viewer(Role.PARTNER, person_id=6, partner="dishub"), Account("partner:dishub", trusted=True)),
        (Viewer(Role.PARTNER, partner="dishub", key_id="k1"), Account("partner:dishub", trusted=True)),
    ],
)
def test_persons_and_partners_have_their_own_and_nobody_the_addresses(viewer: Viewer, account: Account) -> None:
    assert HUB.account_of(viewer) == account
