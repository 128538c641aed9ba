"""What the person who starts the hub sees once it serves: where everything is, and, if he wants, tokens to try it with."""

from domain.vocabulary import Role
from transport.identity.local_tokens import issue

_AGENCIES = {Role.RESPONDER: "tata_air", Role.PARTNER: "dishub"}
_NAMES = {
    Role.CITIZEN: "Warga",
    Role.RESPONDER: "Petugas",
    Role.DISPATCHER: "Operator",
    Role.PARTNER: "Mitra",
    Role.ADMIN: "Admin",
}
_HOURS = 12


def greeting(address: str, key: bytes | None, *, demo: bool, issuer: str = "", processes: str = "") -> str:
    """Addresses, and a token for each role where there is a key and no issuer. `processes`: who serves, if several do."""
    lines = [
        "",
        "Simpul is ready.",
        f"  start page  {address}/",
        f"  GraphiQL    {address}/graphiql",
        f"  GraphQL     {address}/graphql   (HTTP, WebSocket and server-sent events)",
        f"  schema      {address}/schema.graphql",
    ]
    if processes:
        lines.append(f"  processes   {processes}")
    if demo:
        lines.append("  The sources are a made-up city: a flood evening in Jakarta, ten times faster than life.")
    lines.append("")
    if issuer:
        lines.append(f"Tokens come from {issuer}; the local key signs none that hold.")
    elif key is None:
        lines.append("A token for each role: server.py token --role ROLE, or serve --tokens to try it out.")
    else:
        lines.append(f"Tokens for trying it out (good for {_HOURS} h; send as  Authorization: Bearer <token>):")
        lines += [f"  {role.lower():10}  {_token(key, role)}" for role in _NAMES]
    return "\n".join([*lines, "", "Ctrl-C stops it; what it has is kept in the data folder.", ""])


def _token(key: bytes, role: Role) -> str:
    return issue(key, role=role, agency=_AGENCIES.get(role), name=_NAMES[role], seconds=_HOURS * 3600)
