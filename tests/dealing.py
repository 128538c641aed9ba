"""Which tests a process gets as one, where several run them: a file's, and of files with slow tests each for itself."""

from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling


class Dealing(LoadScopeScheduling):
    """Deals out in the order of collection, so that the fast ones come first."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if _by_themselves(self.config.rootpath / file) else file


@cache
def _by_themselves(file: Path) -> bool:
    """Whether the tests of a file share nothing that each process would have to make again."""
    text = file.read_text(encoding="utf-8")
    return "mark.slow" in text and 'scope="module"' not in text
