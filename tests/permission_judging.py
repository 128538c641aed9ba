"""Judges an answer by the table: for each field of a thing, whether this asker gets what an admin gets, or what the rule says
instead. It knows rules and standings, and nothing of how the hub enforces them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_non_null_type

from resolvers.permissions import RULES, Otherwise, Rule, Standing, Trait
from tests.permission_asking import Answer, is_many, is_thing, kind_named
from tests.permission_world import Asker, PermissionWorld, Thing

UNKNOWN: Any = object()
"""Where there is no truth to compare with: lists that are others for each asker."""

NOT_COMPARED = frozenset({"Report.area", "Report.floodArea"})
"""The moved place lies somewhere, perhaps in the same area: that nothing finer is told is tested elsewhere."""


def expected_code(asker: Asker, otherwise: Otherwise) -> str:
    """The code that stands for a refusal."""
    if otherwise is Otherwise.ABSENT:
        return "NOT_FOUND"
    return "UNAUTHENTICATED" if asker.viewer.anonymous and otherwise is not Otherwise.FORBIDDEN_FAULT else "FORBIDDEN"


def lacks_scope(asker: Asker, rule: Rule) -> bool:
    """Whether the asker came with a key that was not given what the rule asks for."""
    viewer = asker.viewer
    return viewer.key_id is not None and rule.scope is not None and rule.scope not in viewer.scopes


@dataclass
class Judge:
    """Compares one asker's answers with the truth, which is an admin's. Faults are collected, with where they are."""

    world: PermissionWorld
    asker: Asker
    faults: list[str] = field(default_factory=list)
    kept_out: Counter[str] = field(default_factory=Counter)
    let_in: Counter[str] = field(default_factory=Counter)

    def thing(self, name: str, alias: str, answer: Answer, truth: Answer) -> None:
        """The answer to `node` of one of the world's things, under its alias."""
        thing = self.world.things[name]
        found, true = (answer.get("data") or {}).get(alias), (truth.get("data") or {}).get(alias)
        errors = {
            tuple(error["path"]): error["extensions"]
            for error in answer.get("errors", ())
            if error.get("path", [None])[0] == alias
        }
        rule = RULES[thing.type_name]
        if lacks_scope(self.asker, rule):
            self._refused(found, errors.pop((alias,), None), "FORBIDDEN", rule, (name,))
        elif self._lets(thing):
            self.let_in[thing.type_name] += 1
            if found is None:
                self._nulled(thing, alias, errors)
            else:
                standing = self.asker.standing(thing.traits)
                self._object(kind_named(thing.type_name), found, true, standing, (alias,), errors)
        else:
            self.kept_out[thing.type_name] += 1
            if found is not None:
                self.faults.append(f"{name}: told")
        self.faults += [f"{name}: an error at {path}: {told}" for path, told in errors.items()]

    def entry(self, kind: str, found: Answer, true: Answer, traits: frozenset[Trait]) -> None:
        """One event of a stream, whose report goes by the class."""
        self._object(kind_named(kind), found, true, self.asker.standing(traits), (kind,), {})

    def _nulled(self, thing: Thing, alias: str, errors: dict[tuple[Any, ...], Any]) -> None:
        """It may be null only because a field that cannot be null was refused."""
        kind = kind_named(thing.type_name)
        for path, told in list(errors.items()):
            rule = RULES[f"{kind.name}.{path[-1]}"]
            if lacks_scope(self.asker, rule) and is_non_null_type(kind.fields[path[-1]].type):
                self._refused(None, told, "FORBIDDEN", rule, path)
                del errors[path]
                return
        self.faults.append(f"{alias}: a {thing.type_name} is not told")

    def _lets(self, thing: Thing, *, in_lists: bool = False) -> bool:
        standing = self.asker.standing(thing.traits)
        if in_lists:
            standing = replace(standing, mine=False)
        return RULES[thing.type_name].refusal(self.asker.viewer, standing) is None

    def _object(
        self, kind: GraphQLObjectType, found: Any, true: Any, standing: Standing, path: tuple[Any, ...], errors: Any
    ) -> None:
        for name in found.keys() - {"__typename"}:
            truth = UNKNOWN if true is UNKNOWN else (true or {}).get(name)
            self._field(kind, name, found[name], truth, standing, (*path, name), errors)

    def _field(
        self, kind: GraphQLObjectType, name: str, found: Any, true: Any, standing: Standing, path: Any, errors: Any
    ) -> None:
        entry = f"{kind.name}.{name}"
        rule = RULES[entry]
        if lacks_scope(self.asker, rule):
            self._refused(found, errors.pop(path, None), "FORBIDDEN", rule, path)
            return
        refusal = rule.refusal(self.asker.viewer, standing)
        if refusal is None:
            if true not in (None, []):
                self.let_in[entry] += 1
            self._same(kind, name, found, true, standing, path, errors)
            return
        if true not in (None, []):
            self.kept_out[entry] += 1
        if refusal is Otherwise.REFUSED:
            self._refused(found, errors.pop(path, None), expected_code(self.asker, refusal), rule, path)
        elif refusal is Otherwise.MOVED:
            if entry not in NOT_COMPARED and true is not None and found == true:
                self.faults.append(f"{path}: the true place is told")
        elif found != ([] if refusal is Otherwise.EMPTY else None):
            self.faults.append(f"{path}: {found!r} is told, which should be {refusal}")

    def _refused(self, found: Any, error: Any, code: str, rule: Rule, path: Any) -> None:
        if found is not None or error is None or error["code"] != code:
            self.faults.append(f"{path}: {code} expected, not {found!r} with {error!r}")
        elif lacks_scope(self.asker, rule) and error.get("scope") != rule.scope:
            self.faults.append(f"{path}: the scope {rule.scope} is not named: {error!r}")

    def _same(
        self, kind: GraphQLObjectType, name: str, found: Any, true: Any, standing: Standing, path: Any, errors: Any
    ) -> None:
        """The same as the truth, save for what the rules of what is in it leave out."""
        made = kind.fields[name]
        target = get_named_type(made.type)
        own = RULES[f"{kind.name}.{name}"].own
        if is_thing(made.type):
            self._things(found, true, path, many=is_many(made.type), in_lists=name == "duplicates")
        elif isinstance(target, GraphQLObjectType) and found is not None:
            if target.name.endswith("Connection"):
                self._page(name, found, true, path)
            for index, (part, true_part) in enumerate(_parts(found, UNKNOWN if own else true)):
                where = (*path, index) if isinstance(found, list) else path
                self._object(target, part, true_part, standing, where, errors)
        elif not own and true is not UNKNOWN and found != true:
            self.faults.append(f"{path}: {found!r} is told, which is {true!r}")

    def _page(self, name: str, found: Any, true: Any, path: Any) -> None:
        """All of a list, and nothing but what this asker may see of it; lists in facts hold more than is described."""
        if name not in ("timeline", "comments", "duplicates") or true in (None, UNKNOWN):
            return
        assert not true["pageInfo"]["hasNextPage"], f"{path}: the truth has to be all of it"
        wanted = [each["id"] for each in true["nodes"] if self.may_know(each["id"], in_lists=name == "duplicates")]
        if [each["id"] for each in found["nodes"]] != wanted:
            self.faults.append(f"{path}: {len(found['nodes'])} entries are told, not {len(wanted)}")
        if found.get("totalCount", len(wanted)) != len(wanted):
            self.faults.append(f"{path}: {found['totalCount']} are counted, not {len(wanted)}")

    def _things(self, found: Any, true: Any, path: Any, *, many: bool, in_lists: bool) -> None:
        told, truth = (found, true) if many else ([found], [true])
        if true is UNKNOWN or path[-1] in ("node", "nodes"):
            told_ids = [each["id"] for each in told if each is not None]
            if not all(self.may_know(each, in_lists=in_lists) for each in told_ids):
                self.faults.append(f"{path}: an id is told that should not be")
            return
        ids = [each and each["id"] for each in truth or ()]
        wanted = [each if each and self.may_know(each, in_lists=in_lists) else None for each in ids]
        wanted = [each for each in wanted if each is not None] if many else wanted
        if [each and each["id"] for each in told] != wanted:
            self.faults.append(f"{path}: {told!r} is told, not {wanted!r}")

    def may_know(self, public_id: str, *, in_lists: bool = False) -> bool:
        """Whether the asker may know of what an id names; in lists by its class, whoever told it."""
        thing = self.world.thing(public_id)
        return thing is None or self._lets(thing, in_lists=in_lists)


def _parts(found: Any, true: Any) -> list[tuple[Any, Any]]:
    if not isinstance(found, list):
        return [(found, true)]
    truth = true if isinstance(true, list) and len(true) == len(found) else [UNKNOWN] * len(found)
    return list(zip(found, truth, strict=True))
