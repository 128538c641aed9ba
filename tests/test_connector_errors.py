"""The vocabulary of failures is closed, and drawn as it is."""

import re

from connectors import errors


def test_the_drawn_tree_is_the_tree() -> None:
    drawing = (errors.__doc__ or "").partition("\n\n")[2].rpartition("\n\n")[0]
    drawn: list[tuple[int, str]] = []
    for line in drawing.splitlines():
        match = re.match(r"^([ │├└─]*)([A-Z]\w+)", line[4:])
        assert match, line
        drawn.append((len(match[1]) // 4, match[2]))
    parents: dict[str, str] = {}
    for place, (depth, name) in enumerate(drawn):
        above = [known for known in drawn[:place] if known[0] == depth - 1]
        if above:
            parents[name] = above[-1][1]
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ConnectorError)
    }
    assert {name for _, name in drawn} == set(classes)
    assert {name: kind.__bases__[0].__name__ for name, kind in classes.items() if name != "ConnectorError"} == parents
