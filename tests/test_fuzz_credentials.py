"""Ids, cursors and tokens that the hub did not hand out, or that somebody changed: each is refused as what it is, and none is taken."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from domain.sealing import CursorCipher, ExpiredCursor, IdCipher, InvalidCursor, InvalidId, Kind, ListCursor, LogCursor
from domain.vocabulary import Role
from tests.fuzzing import NASTY_TEXTS, damaged, fuzz, json_values, kept, once_disturbed
from transport.identity.local_tokens import LocalTokens, issue
from transport.identity.tokens import MOST_CHARACTERS, BadToken

KEY = b"k" * 32
READER = b"r" * 16
IDS = IdCipher(b"i" * 16)
CURSORS = CursorCipher([(1, b"c" * 64)])
SEALED = [
    CURSORS.seal_log(LogCursor(71, b"12345678", 1), READER),
    CURSORS.seal_log(LogCursor(2**63, b"\xff" * 8, 2**32 - 1, in_snapshot=True), READER),
    CURSORS.seal_list(ListCursor("reports:NEWEST", (1_700_000_000_000_000, 5)), READER),
    CURSORS.seal_list(ListCursor("areas", (None, 5)), READER),
]
HEADER = {"alg": "HS256", "typ": "JWT"}
MODULUS = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()


def texts_near(sound: list[str]) -> st.SearchStrategy[str]:
    changed = damaged(st.sampled_from(sound).map(str.encode)).map(lambda data: data.decode("utf-8", "replace"))
    return st.one_of(changed, st.text(max_size=60), st.sampled_from(NASTY_TEXTS), st.text("AZaz09-_=+/.", max_size=40))


class TestIds:
    @fuzz(500)
    @given(texts_near([IDS.encode(kind, row) for kind in Kind for row in (0, 1, 2**40, 2**64 - 1)]))
    def test_made_up_ones_name_nothing(self, text: str) -> None:
        try:
            kind, row = IDS.decode(text)
        except InvalidId:
            return
        assert IDS.encode(kind, row) == text  # the damage was none; no second text names the same row


class TestCursors:
    @fuzz(500)
    @given(texts_near(SEALED))
    def test_made_up_ones_lead_nowhere(self, text: str) -> None:
        for opened in (lambda: CURSORS.open_log(text, READER), lambda: CURSORS.open_list(text, "areas", READER)):
            try:
                opened()
            except (InvalidCursor, ExpiredCursor):
                continue
            assert text.rstrip("=") in SEALED

    @fuzz(100)
    @given(st.sampled_from(SEALED), st.binary(min_size=16, max_size=16))
    def test_those_of_other_readers_are_expired(self, text: str, reader: bytes) -> None:
        with pytest.raises((ExpiredCursor, InvalidCursor)):
            CURSORS.open_log(text, reader)
        with pytest.raises((ExpiredCursor, InvalidCursor)):
            CURSORS.open_list(text, "areas", reader)


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(header: bytes, claims: bytes, key: bytes = KEY) -> str:
    """A token as an HS256 signer makes it, whatever it says."""
    told = f"{part(header)}.{part(claims)}"
    return f"{told}.{part(hmac.new(key, told.encode(), hashlib.sha256).digest())}"


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "simpul-local",
        "sub": "sari",
        "role": "admin",
        "iat": now,
        "exp": now + 21_600,
        "jti": "1",
    } | changed


def holds(token: str) -> bool:
    """Whether the hub takes a token. It may say no in its own words, and nothing else."""
    try:
        found = asyncio.run(LocalTokens(KEY).verify(token))
    except BadToken as refused:
        assert str(refused) and (len(token) < 20 or token not in str(refused))
        return False
    assert found.subject and len(found.subject) <= 255 and found.role is not Role.ANONYMOUS
    return True


class TestTokens:
    def test_a_sound_one_holds(self) -> None:
        assert holds(issue(KEY, role=Role.ADMIN))
        assert holds(signed(json.dumps(HEADER).encode(), json.dumps(claims()).encode()))

    @pytest.mark.parametrize("token", kept("jwt"))
    def test_kept_ones(self, token: bytes) -> None:
        assert not holds(token.decode("utf-8", "replace").strip())

    @fuzz(300)
    @given(texts_near([issue(KEY, role=Role.CITIZEN)]))
    def test_damaged_ones(self, token: str) -> None:
        """The last letter of a signature has bits that say nothing; so some damage is none."""
        if holds(token):
            assert token.rpartition(".")[2] and base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")

    @fuzz(120)
    @given(once_disturbed([HEADER]), st.booleans())
    def test_headers_of_any_form(self, header: Any, with_signature: bool) -> None:
        token = signed(json.dumps(header).encode(), json.dumps(claims()).encode())
        told = holds(token if with_signature else token.rpartition(".")[0] + ".")
        if told:
            assert with_signature and header["alg"] == "HS256"

    @fuzz(120)
    @given(st.one_of(once_disturbed([claims()]), json_values()))
    def test_claims_of_any_form_under_the_right_signature(self, told: Any) -> None:
        if holds(signed(json.dumps(HEADER).encode(), json.dumps(told).encode())):
            assert told["iss"] == "simpul-local" and str(told["role"]).lower() in {role.lower() for role in Role}

    @pytest.mark.parametrize(
        "algorithm", ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "dir"]
    )
    @pytest.mark.parametrize("signature", ["", "kept", "x"])
    def test_other_algorithms(self, algorithm: str, signature: str) -> None:
        token = signed(json.dumps(HEADER | {"alg": algorithm}).encode(), json.dumps(claims()).encode())
        head, _, kept_signature = token.rpartition(".")
        assert not holds(f"{head}.{kept_signature if signature == 'kept' else signature}")

    def test_signed_with_a_key_that_everybody_knows(self) -> None:
        public = MODULUS.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for key in (b"", b"secret", public, b"\0" * 32, KEY[:-1], KEY + b"\n"):
            assert not holds(signed(json.dumps(HEADER).encode(), json.dumps(claims()).encode(), key or b"\0"))

    def test_one_longer_than_any_of_ours_is_not_even_read(self) -> None:
        assert not holds(signed(json.dumps(HEADER).encode(), json.dumps(claims(name="x" * 9_000)).encode()))
        assert not holds("." * (MOST_CHARACTERS + 1))

    @pytest.mark.parametrize(
        "changed",
        [
            {"exp": 1e400},
            {"exp": -1},
            {"exp": "9999999999"},
            {"exp": True},
            {"exp": None},
            {"iat": 10**30},
            {"iat": 2**62, "exp": 2**62 + 1},
            {"sub": ""},
            {"sub": "\0"},
            {"sub": "\ud800"},
            {"sub": ["sari"]},
            {"sub": "x" * 256},
            {"role": "anonymous"},
            {"role": ["admin"]},
            {"role": "root"},
            {"iss": "https://elsewhere.example"},
            {"iss": None},
            {"nbf": 2**40},
            {"jti": "\0"},
            {"agency": "\0"},
        ],
    )
    def test_claims_that_cannot_be(self, changed: dict[str, Any]) -> None:
        assert not holds(signed(json.dumps(HEADER).encode(), json.dumps(claims(**changed)).encode()))
