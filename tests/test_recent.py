"""What was used lately is remembered, and never more than there is room for."""

from domain.recent import Recent


def known(recent: Recent[str, str], keys: str) -> str:
    """Which of the keys are remembered. They count as used, so this comes last."""
    return "".join(key for key in keys if recent.get(key) is not None)


def test_who_was_used_the_longest_ago_is_forgotten_first() -> None:
    recent: Recent[str, str] = Recent(3)
    for key in "abc":
        recent.put(key, key)
    assert recent.get("a") == "a"  # which counts as use
    recent.put("b", "B")  # and so does this
    recent.put("d", "d")
    assert (len(recent), known(recent, "abcd"), recent.get("b")) == (3, "abd", "B")


def test_all_together_have_no_more_than_there_is_room_for() -> None:
    recent: Recent[str, str] = Recent(100, size=10, size_of=len)
    for key in "abc":
        recent.put(key, "x" * 3)
    recent.put("a", "x")  # what it had before takes no room any more
    recent.put("d", "x" * 3)
    assert (len(recent), known(recent, "abcd")) == (4, "abcd")
    recent.put("e", "x" * 6)
    assert known(recent, "abcde") == "de"


def test_what_is_larger_than_the_room_is_not_remembered() -> None:
    recent: Recent[str, str] = Recent(100, size=10, size_of=len)
    recent.put("a", "x" * 11)
    assert len(recent) == 0
    recent.put("b", "x" * 10)
    assert known(recent, "ab") == "b"
