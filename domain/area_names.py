"""Which area is meant by a name, as other systems write it: `Kel. Kampung Melayu, Kec. Jatinegara, Jakarta Timur`.

Names alone are not unique: Jatinegara is a kecamatan and a kelurahan of another kecamatan. What the words leave open is
not guessed; the smallest area that holds every possibility is taken.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.area_facts import AreaFact, AreaLevel

_PARTS = re.compile(r"[,;/|>\n()]|\s-\s")
_TITLE = re.compile(
    r"\s*(?:(?P<SUBDISTRICT>kelurahan|kel|desa)|(?P<DISTRICT>kecamatan|kec)"
    r"|(?P<CITY>kotamadya|kodya|kota|kabupaten|kab)|(?P<PROVINCE>provinsi|propinsi|prov))\b\.?\s*"
    r"(?:administrasi|adm)?\b\.?\s*",
    re.IGNORECASE,
)
_PROVINCE_TOO = ("jakarta", "dki", "daerahkhususibukotajakarta", "daerahkhususjakarta", "dkj")


class AreaNames:
    """Finds areas by name. Made once from the facts."""

    def __init__(self, facts: Mapping[str, AreaFact]) -> None:
        self._level = {code: fact.level for code, fact in facts.items()}
        self._codes: dict[str, set[str]] = defaultdict(set)
        for code, fact in facts.items():
            self._codes[_key(_TITLE.sub("", fact.name, count=1))].add(code)
            if fact.level is AreaLevel.PROVINCE:
                for name in _PROVINCE_TOO:
                    self._codes[name].add(code)

    def find(self, words: str) -> str | None:
        """The code of the area that the words mean, or None where they name none."""
        meant: set[str] = set()
        for part in _PARTS.split(words):
            named = self._named(part)
            meant = (meant and named and _deeper_of_each(meant, named)) or meant | named
        return _common(sorted(meant))

    def subdistrict(self, name: str, city: str | None) -> str | None:
        """The kelurahan of a name, within a city if that is told and known; None where there is none, or are several."""
        found = {code for code in self._named(name) if self._level[code] is AreaLevel.SUBDISTRICT}
        cities = {code for code in self._named(city or "") if self._level[code] is AreaLevel.CITY}
        if cities:
            found = {code for code in found if any(code.startswith(f"{each}.") for each in cities)}
        return found.pop() if len(found) == 1 else None

    def _named(self, words: str) -> set[str]:
        title = _TITLE.match(words)
        named = self._codes.get(_key(words[title.end() :] if title else words), set())
        if title is None or title.lastgroup is None:
            return set(named)
        return {code for code in named if self._level[code].name == title.lastgroup}


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _within(code: str, outer: str) -> bool:
    return code == outer or code.startswith(f"{outer}.")


def _deeper_of_each(some: set[str], others: set[str]) -> set[str]:
    """Of every two that lie one in the other, the inner one."""
    pairs = [(a, b) for a in some for b in others]
    return {a for a, b in pairs if _within(a, b)} | {b for a, b in pairs if _within(b, a)}


def _common(codes: Sequence[str]) -> str | None:
    if not codes:
        return None
    split = [code.split(".") for code in codes]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared) or None
