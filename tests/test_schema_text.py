"""The schema's text is there for everybody, at any rate: it is made once."""

from schema.root import printed


def test_it_is_made_once() -> None:
    assert printed() is printed()
