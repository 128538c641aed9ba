"""Who asks: what the door found out from a token, a key, follow tokens, or nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody, for the length of one request or one socket.

    `client` stands for the address it comes from (an HMAC); `follow_hashes` are SHA-256 digests of the follow tokens
    that it showed; `subject`, `token_id` and `issued_at` are what revocations name. `key_id` is the public id of the
    API key that it came with: then `scopes` are all that it may do; None for whoever came without one.
    """

    role: Role = Role.ANONYMOUS
    person_id: int | None = None
    display_name: str | None = None
    agency_id: int | None = None
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    issued_at: datetime | None = None
    subject: str | None = None
    token_id: str | None = None
    follow_hashes: tuple[bytes, ...] = field(default=())
    client: str = ""
    partner: str | None = None
    key_id: str | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.role is Role.ANONYMOUS

    @property
    def scope(self) -> str:
        """What idempotency keys are scoped to: the person or the partner; for somebody anonymous the key is the secret."""
        if self.partner is not None:
            return f"partner:{self.partner}"
        return "anonymous" if self.person_id is None else f"person:{self.person_id}"


ANONYMOUS = Viewer()
