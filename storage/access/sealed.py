"""What is kept encrypted in a column: AES-256-GCM, the random nonce in front, bound to what it belongs to."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class WrongKey(ValueError):
    """It was sealed with another key, or belongs to something else."""


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """The column's value; `key` has 32 bytes, and one key seals different things at most 2^32 times."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed. Raises WrongKey."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except InvalidTag as error:
        raise WrongKey from error
