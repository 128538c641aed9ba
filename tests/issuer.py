"""A small OIDC issuer of ours: discovery and keys over HTTP on this machine, with the quirks that real ones have."""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AUDIENCE = "simpul"
HUGE = 50_000_000
DISCOVERY, KEYS, ELSEWHERE = "/.well-known/openid-configuration", "/keys", "/elsewhere"


@cache
def rsa_key(kid: str = "rsa") -> RSAKey:
    """One RSA key for all tests: drawing one takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def ec_key(kid: str = "ec", curve: str = "P-256") -> ECKey:
    """A key on a curve."""
    return ECKey.generate_key(cast(Any, curve), {"kid": kid})


@cache
def okp_key(kid: str = "okp", curve: str = "Ed25519") -> OKPKey:
    """A key for EdDSA."""
    return OKPKey.generate_key(cast(Any, curve), {"kid": kid})


def part(content: object) -> str:
    """A part of a JWT: JSON in base64url without padding; bytes as they are."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sealed(header: Mapping[str, Any], claims: object, key: Key | None, alg: str | None = None) -> str:
    """A JWT with any header and any payload, signed as `alg` (or the header) says; without a key the signature is empty."""
    told = f"{part(header)}.{part(claims)}"
    if key is None:
        return told + "."
    signature = JWSRegistry.algorithms[alg or header["alg"]].sign(told.encode(), key)
    return f"{told}.{part(signature)}"


class Issuer:
    """What it answers may be changed at any time; `asked` counts the requests by path."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.keys: list[dict[str, Any]] = [each.as_dict(private=False) for each in (rsa_key(), ec_key(), okp_key())]
        self.cache_control = ""
        self.quirk = ""
        self.asked: Counter[str] = Counter()
        self.sent = 0
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims that are in order; a claim that is changed to None is left out."""
        now = int(time.time())
        told = {"iss": self.url, "aud": AUDIENCE, "sub": "u-1", "iat": now, "exp": now + 600, "jti": "t-1"} | changes
        return {name: value for name, value in told.items() if value is not None}

    def token(self, alg: str = "ES256", key: Key | None = None, header: Mapping[str, Any] = {}, **changes: Any) -> str:
        """A token, by default one that holds."""
        key = key or {"R": rsa_key, "P": rsa_key, "ES": ec_key}.get(alg[:1] if alg[0] in "RP" else alg[:2], okp_key)()
        told = {"alg": alg, "kid": key.kid, **header}
        return sealed({name: value for name, value in told.items() if value is not None}, self.claims(**changes), key)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if self.quirk == "error":
            return 500, {}, b"no"
        if self.quirk == "redirect" and path != ELSEWHERE:
            return 302, {"Location": self.url + ELSEWHERE}, b""
        if path == DISCOVERY:
            found = {
                "other issuer": {"issuer": "https://elsewhere.example", "jwks_uri": self.url + KEYS},
                "no tls": {"issuer": self.url, "jwks_uri": "http://keys.example/keys"},
                "no address": {"issuer": self.url},
                "no host's name": {"issuer": self.url, "jwks_uri": f"https://{'a' * 70}..example/keys"},
            }
            return (
                200,
                {},
                json.dumps(found.get(self.quirk, {"issuer": self.url, "jwks_uri": self.url + KEYS})).encode(),
            )
        body = {"garbage": b"<html>", "a list": b"[]", "deep": b"[" * 100_000, "huge": b" " * HUGE}.get(self.quirk)
        headers = {"Cache-Control": self.cache_control} if self.cache_control else {}
        return 200, headers, json.dumps({"keys": self.keys}).encode() if body is None else body


@contextmanager
def serving_issuer() -> Iterator[Issuer]:
    """An issuer that answers for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked[self.path] += 1
            issuer.reached.set()
            issuer.go_on.wait(30)
            status, headers, body = issuer.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for start in range(0, len(body), 65_536):
                    self.wfile.write(body[start : start + 65_536])
                    issuer.sent += min(65_536, len(body) - start)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
