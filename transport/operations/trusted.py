"""Trusted documents: the operator's folder of GraphQL, read and checked once, when the hub starts.

A file `*.graphql` is one document; a file `*.json` is a manifest, an object of texts by their SHA-256 (in hex digits, with
or without `sha256:` before them), as build tools write it.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from transport.operations.documents import PREFIX, PersistedDocuments, digest_of
from transport.settings.configuration import Settings, WrongSetting

Check = Callable[[str], None]
"""Raises an exception whose text says what is wrong with a document."""


def documents_of(settings: Settings, check: Check) -> PersistedDocuments:
    """The documents that clients may name by hash. Raises WrongSetting, in one line, for the first that is wrong."""
    folder = settings.documents_dir
    if folder is None:
        if settings.only_trusted_documents:
            raise WrongSetting("SIMPUL_ONLY_TRUSTED_DOCUMENTS needs a folder of them: set SIMPUL_DOCUMENTS_DIR.")
        return PersistedDocuments()
    return PersistedDocuments(read_trusted(folder, check), only_trusted=settings.only_trusted_documents)


def read_trusted(folder: Path, check: Check) -> dict[str, str]:
    """All documents in a folder and the folders within it, by hash. Raises WrongSetting."""
    if not folder.is_dir():
        raise WrongSetting(f"SIMPUL_DOCUMENTS_DIR is no folder: {folder}.")
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*")):
        for text in _texts(file):
            _check(file, text, check)
            found[digest_of(text)] = text
    return found


def _texts(file: Path) -> Iterator[str]:
    if file.suffix == ".graphql":
        text = _read(file)
        yield text
        yield text.rstrip()  # clients seldom send the line's end that editors put after it
    elif file.suffix == ".json":
        yield from _of_manifest(file)


def _of_manifest(file: Path) -> Iterator[str]:
    try:
        told = json.loads(_read(file))
    except (json.JSONDecodeError, RecursionError) as error:
        raise WrongSetting(f"The trusted documents in {file} are not JSON: {error}.") from error
    if not isinstance(told, dict) or not all(isinstance(text, str) for text in told.values()):
        raise WrongSetting(f"The trusted documents in {file} must be an object of texts by their SHA-256.")
    for named, text in told.items():
        if named.removeprefix(PREFIX) != digest_of(text):
            raise WrongSetting(
                f"The trusted documents in {file} have a text under a hash that is not its SHA-256: {named}."
            )
        yield text


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as opened:  # to the byte: the hash is of just this text
            return opened.read()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"The trusted documents in {file} cannot be read: {error}.") from error


def _check(file: Path, text: str, check: Check) -> None:
    try:
        check(text)
    except Exception as error:
        raise WrongSetting(f"The trusted documents in {file} have one that this hub cannot run: {error}.") from error
