"""Puts a citizen's sentence together from `phrases`: the same random source gives the same words."""

from dataclasses import dataclass
from random import Random

from demo import phrases
from demo.places import Kelurahan


@dataclass(frozen=True)
class Message:
    """A report in words. `late` is the text after its author edited it, or None when that never happens."""

    title: str
    text: str
    late: str | None


def write(
    kind: str, ward: Kelurahan, depth_cm: int | None, random: Random, *, edited: bool, rw: str | None = None
) -> Message:
    """Write a report of this kind in this ward (and RW, when it is known which), with the depth of any water."""
    slots = _slots(ward, depth_cm, random)
    slots["rw"] = rw or slots["rw"]
    body = random.choice(phrases.BODIES[kind]).format_map(slots)
    closer = random.choice(phrases.CLOSERS).format_map(slots)
    opener = random.choice(phrases.OPENERS)
    text = f"{opener}{_lower_first(body) if opener.endswith(', ') else body}."
    text = f"{text} {closer}" if closer else text
    title = random.choice(phrases.TITLES[kind]).format_map(slots)
    addition = random.choice(phrases.LATE_ADDITIONS).format_map(slots)
    return Message(title, text, f"{text} {addition}" if edited else None)


def name(random: Random) -> str:
    """A citizen's invented name."""
    return f"{random.choice(phrases.FIRST_NAMES)} {random.choice(phrases.LAST_NAMES)}"


def _slots(ward: Kelurahan, depth_cm: int | None, random: Random) -> dict[str, str]:
    depth = 20 if depth_cm is None else depth_cm
    return {
        "jalan": random.choice(ward.streets),
        "patokan": ward.landmark,
        "kel": ward.name,
        "kec": ward.district,
        "rt": f"{random.randint(1, 14):02}",
        "rw": f"{random.randint(1, 12):02}",
        "dalam": _depth_words(depth, random),
        "cm": str(depth),
        "lama": random.choice(phrases.DURATIONS[: phrases.DURATIONS_OF_AN_EVENING if depth_cm else None]),
        "jumlah": str(random.randint(3, 12)),
        "jam": random.choice(phrases.HOURS),
    }


def _depth_words(depth_cm: int, random: Random) -> str:
    if random.random() < 0.4:
        return f"setinggi {depth_cm} cm"
    return next(random.choice(words) for bound, words in phrases.DEPTHS if depth_cm <= bound)


def _lower_first(sentence: str) -> str:
    """Only an ordinary first word goes lower case after a comma; names, places and abbreviations keep theirs."""
    first = sentence.split(" ", 1)[0]
    proper = first.isupper() or first.rstrip(".") in {"Jl", "Gang", "Dinas"}
    return sentence if proper else sentence[0].lower() + sentence[1:]
