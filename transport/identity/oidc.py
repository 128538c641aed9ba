"""Tokens of an OIDC issuer: only asymmetric signatures, only for our audience, roles by the names that the issuer has."""

from collections.abc import Mapping
from typing import Any

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from domain.vocabulary import Role
from transport.identity.oidc_fetch import IssuerSite
from transport.identity.oidc_keys import IssuerKeys, UnknownKey
from transport.identity.tokens import (
    BadToken,
    Claims,
    Proof,
    Times,
    decoded,
    header_of,
    proofs,
    scopes_of,
    subject_of,
    text_of,
    times_of,
)
from transport.settings.oidc import OidcSettings

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}
)
_MIGHTIEST_FIRST = (Role.ADMIN, Role.DISPATCHER, Role.RESPONDER, Role.PARTNER, Role.CITIZEN)


class IssuerTokens:
    """Knows which tokens of the issuer hold."""

    def __init__(self, settings: OidcSettings, keys: IssuerKeys) -> None:
        self._settings = settings
        self._keys = keys
        self._times = Times(settings.leeway, settings.token_seconds)
        self._roles = {role.lower(): role for role in _MIGHTIEST_FIRST} | dict(settings.roles)
        self._proved = proofs()

    async def verify(self, token: str) -> Claims:
        """What a token says. Raises BadToken, or KeysUnavailable while nobody can tell."""
        proof = self._proved.get(token)
        if proof is None or proof.key is not await self._key_of(proof.kid):
            proof = await self._prove(token)
            self._proved.put(token, proof)
        else:
            times_of(proof.told, self._times)
        return proof.claims

    async def _prove(self, token: str) -> Proof:
        header = header_of(token)
        if header.get("alg") not in ALGORITHMS:  # looked at first: nothing is fetched for the sake of these
            raise BadToken
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise BadToken
        key = await self._key_of(kid)
        told = decoded(token, key, _ASYMMETRIC)
        return Proof(token, key, told, self._claims(told), kid)

    async def _key_of(self, kid: str | None) -> Key:
        try:
            return await self._keys.key_for(kid)
        except UnknownKey as error:
            raise BadToken from error

    def _claims(self, told: Mapping[str, Any]) -> Claims:
        if told.get("iss") != self._settings.issuer or not _for(told, self._settings.audience):
            raise BadToken
        issued_at, expires_at = times_of(told, self._times)
        return Claims(
            issuer=self._settings.issuer,
            subject=subject_of(told),
            role=self._role(claim_of(told, self._settings.role_claim)),
            agency=_text(told, self._settings.agency_claim),
            name=_text(told, self._settings.name_claim),
            scopes=scopes_of(told),
            issued_at=issued_at,
            expires_at=expires_at,
            token_id=text_of(told, "jti"),
        )

    def _role(self, told: Any) -> Role:
        """The mightiest that is named; whoever signed in and has no role with us is a citizen."""
        words = told if isinstance(told, list) else [told]
        named = {self._roles[word] for word in words if isinstance(word, str) and word in self._roles}
        return next((role for role in _MIGHTIEST_FIRST if role in named), Role.CITIZEN)


def tokens_of(settings: OidcSettings) -> IssuerTokens:
    """The issuer's tokens, with keys that are fetched when the first of them comes."""
    keys = IssuerKeys(
        IssuerSite(settings.issuer).keys,
        refetch_seconds=settings.refetch_seconds,
        stale_seconds=settings.stale_seconds,
    )
    return IssuerTokens(settings, keys)


class _Asymmetric(JWSRegistry):
    """The algorithms that take two keys, without the library's warning of EdDSA's name, which most issuers use."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_ASYMMETRIC = _Asymmetric(strict_check_header=False)


def claim_of(told: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, else by its path: `realm_access.roles` is the field `roles` of the claim `realm_access`."""
    if name in told:
        return told[name]
    found: Any = told
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(told: Mapping[str, Any], name: str) -> str | None:
    return text_of({"value": claim_of(told, name)}, "value")


def _for(told: Mapping[str, Any], audience: str) -> bool:
    value = told.get("aud")
    return audience in value if isinstance(value, list) else value == audience
