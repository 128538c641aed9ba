"""How an issuer is configured, and what cannot be."""

from pathlib import Path

import pytest

from domain.vocabulary import Role
from transport.settings.configuration import WrongSetting
from transport.settings.loading import load_settings

ISSUER = {"SIMPUL_OIDC_ISSUER": "https://login.example/realms/simpul", "SIMPUL_OIDC_AUDIENCE": "simpul"}


def test_without_an_issuer_there_is_none() -> None:
    assert load_settings({}).for_issuer() is None


def test_roles_by_the_issuers_words(tmp_path: Path) -> None:
    told = load_settings({**ISSUER, "SIMPUL_OIDC_ROLES": "petugas=responder, group=a=admin ,"}).for_issuer()
    assert told is not None and told.roles == {"petugas": Role.RESPONDER, "group=a": Role.ADMIN}
    file = tmp_path / "simpul.toml"
    file.write_text('oidc_roles = { petugas = "responder" }')
    told = load_settings(ISSUER, file).for_issuer()
    assert told is not None and told.roles == {"petugas": Role.RESPONDER}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SIMPUL_OIDC_ISSUER": "http://login.example"}, "https"),
        ({"SIMPUL_OIDC_AUDIENCE": ""}, "issuer"),
        ({"SIMPUL_OIDC_ROLES": "petugas=king"}, "OIDC_ROLES"),
        ({"SIMPUL_OIDC_ROLES": "petugas"}, "OIDC_ROLES"),
        ({"SIMPUL_OIDC_ROLES": "petugas=anonymous"}, "WORD=ROLE"),
        ({"SIMPUL_OIDC_LEEWAY": "3600"}, "OIDC_LEEWAY"),
        ({"SIMPUL_OIDC_TOKEN_SECONDS": "40000000"}, "OIDC_TOKEN_SECONDS"),
        ({"SIMPUL_OIDC_REFETCH_SECONDS": "0"}, "OIDC_REFETCH_SECONDS"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(WrongSetting, match=words) as refused:
        load_settings({**ISSUER, **wrong})
    assert "\n" not in str(refused.value)
