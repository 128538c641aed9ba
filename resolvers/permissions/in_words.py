"""Whom a rule lets, in the words of a refusal."""

from domain.vocabulary import Role
from resolvers.permissions.rules import Trait
from resolvers.permissions.table import RULES

_ROLES = {
    Role.RESPONDER: ("petugas", "responders"),
    Role.DISPATCHER: ("dispatcher", "dispatchers"),
    Role.ADMIN: ("admin", "admins"),
    Role.PARTNER: ("mitra", "partners"),
}


def refusal_of(entry: str) -> tuple[str, str]:
    """What somebody is told, in Indonesian and English, whom the rule of a schema coordinate keeps out: who may."""
    rule = RULES[entry]
    if rule.trait is Trait.MINE:
        return "Ini tidak bisa dilakukan pada laporan Anda sendiri.", "You may not do this to your own report."
    those = [("pelapornya", "the reporter")] if rule.reporter else []
    those += [words for role, words in _ROLES.items() if role in rule.roles]
    if rule.of_its_agency:
        those.append(("mitra dari instansi yang menanganinya", "the partner whose agency has it"))
    indonesian, english = (
        _listed([words[language] for words in those], ("dan", "and")[language]) for language in (0, 1)
    )
    return f"Hanya {indonesian} yang boleh melakukan ini.", f"Only {english} may do this."


def _listed(names: list[str], last: str) -> str:
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end
