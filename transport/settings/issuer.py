"""The settings that say whose tokens hold. They are part of configuration.Settings."""

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from domain.revocation import TOKENS_LIVE
from domain.vocabulary import Role
from transport.settings.oidc import OidcSettings, is_trustworthy


class IssuerSettings(BaseModel):
    """An OIDC issuer, and how to read his tokens. Durations are seconds."""

    oidc_issuer: str = Field("", description="The issuer whose tokens hold (OIDC); empty: the hub's own local ones do.")
    oidc_audience: str = Field(
        "", validate_default=True, description="Whom those tokens must be for (`aud`); to be set with an issuer."
    )
    oidc_role_claim: str = Field("role", description="The claim that has the role or roles; dots go into objects.")
    oidc_agency_claim: str = Field("agency", description="The claim that has the code of the agency.")
    oidc_name_claim: str = Field("name", description="The claim that has the name to show.")
    oidc_roles: dict[str, Role] = Field(
        {}, description="Roles by the issuer's words: WORD=ROLE, comma-separated, or a table. Ours hold as they are."
    )
    oidc_leeway: float = Field(30.0, ge=0, le=300, description="How far the issuer's clock may be off.")
    oidc_token_seconds: float = Field(
        86_400.0, ge=60, le=TOKENS_LIVE, description="The longest that one of the issuer's tokens may live."
    )
    oidc_refetch_seconds: float = Field(
        10.0, ge=1, le=300, description="How soon the issuer's keys may be fetched again, whatever anybody shows."
    )
    oidc_stale_seconds: float = Field(
        86_400.0, ge=0, le=604_800, description="How long the issuer's keys are trusted on while he does not answer."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _known_issuer(cls, value: str) -> str:
        if value and not is_trustworthy(value):
            raise ValueError("must begin with https:// (http:// only on this machine)")
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _with_issuer(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("must be set where an issuer is: a token for somebody else must not hold here")
        return value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _read_roles(cls, value: object) -> object:
        if isinstance(value, str):
            value = dict(part.strip().rpartition("=")[::2] for part in value.split(",") if part.strip())
        if not isinstance(value, dict) or not all(isinstance(role, str) for role in value.values()):
            raise ValueError("must be WORD=ROLE, comma-separated")
        return {word: role.upper() for word, role in value.items()}

    @field_validator("oidc_roles")
    @classmethod
    def _somebody(cls, value: dict[str, Role]) -> dict[str, Role]:
        if "" in value or Role.ANONYMOUS in value.values():
            raise ValueError("must be WORD=ROLE, of the roles citizen, responder, dispatcher, partner and admin")
        return value

    def for_issuer(self) -> OidcSettings | None:
        """Whose tokens hold; None for the hub's own."""
        if not self.oidc_issuer:
            return None
        return OidcSettings(
            issuer=self.oidc_issuer,
            audience=self.oidc_audience,
            role_claim=self.oidc_role_claim,
            agency_claim=self.oidc_agency_claim,
            name_claim=self.oidc_name_claim,
            roles=self.oidc_roles,
            leeway=self.oidc_leeway,
            token_seconds=self.oidc_token_seconds,
            refetch_seconds=self.oidc_refetch_seconds,
            stale_seconds=self.oidc_stale_seconds,
        )
