"""Rules of the house that no single feature would notice being broken. Each says which bug it prevents."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from storage.store import Store
from storage.tables import metadata

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    "server",
    "wiring",
    "schema",
    "resolvers",
    "connectors",
    "storage",
    "domain",
    "execution",
    "transport",
    "worker",
    "demo",
)


def _docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""


def _tables_of_contents() -> list[Path]:
    """Packages whose docstring has lines that begin with a file's name."""
    packages = sorted(file.parent for name in OURS for file in (ROOT / name).rglob("__init__.py"))
    return [package for package in packages if re.search(r"^\w+\.py +\S", _docstring(package), re.MULTILINE)]


def test_imports_go_downwards_only() -> None:
    """A connector that sees a table, or a rule that does I/O, cannot be changed or tested alone."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_installed_package_takes_one_of_our_names() -> None:
    """Packages are imported from the checkout: a distribution that provides `schema` would be imported instead of ours."""
    provided = importlib.metadata.packages_distributions()
    taken = {name: provided[name] for name in OURS if name in provided}
    assert taken == {}


def test_the_tests_are_flat() -> None:
    """`tests/schema/__init__.py` would shadow our `schema`."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    """A table that was changed without a migration works on a new database and breaks on every old one."""

    def differences(conn: Connection) -> list[object]:
        def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
            return not (kind == "table" and (name or "").startswith("report_words"))

        context = MigrationContext.configure(conn, opts={"include_object": ours})
        found: list[object] = list(compare_metadata(context, metadata))
        return found

    assert await store.read(differences) == []


@pytest.mark.parametrize("name", ["run.lock", "dev.lock", "uv.lock", "node.lock"])
def test_lock_files_are_pinned_by_hash_and_name_no_host(name: str) -> None:
    """A host in a lock file ties everybody to one mirror; a package without a hash can be swapped on the way."""
    text = (ROOT / "requirements" / name).read_text()
    requirements = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert requirements and all(line.endswith("\\") for line in requirements)
    assert "://" not in text


def test_web_lock_file_names_no_host() -> None:
    """As above."""
    assert "resolved" not in (ROOT / "web" / "package-lock.json").read_text()


def test_what_the_hub_imports_is_declared() -> None:
    """A package that comes only with another one goes when that one does."""
    declared = {
        requirement.split(">")[0].split("[")[0].split(";")[0].strip().lower().replace("-", "_")
        for requirement in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    distributions = importlib.metadata.packages_distributions()
    missing: dict[str, str] = {}
    for folder in OURS:
        for file in (ROOT / folder).rglob("*.py") if folder != "server" else [ROOT / "server.py"]:
            for name in _imported(file) - set(OURS) - sys.stdlib_module_names:
                names = {each.lower().replace("-", "_") for each in distributions.get(name, [name])}
                if not names & declared:
                    missing[name] = str(file.relative_to(ROOT))
    assert missing == {}


def test_nobody_commits_but_the_store() -> None:
    """A commit in the middle of an operation would acknowledge half of it, and number its events out of order."""
    allowed = {"storage/sqlite/store.py", "storage/postgres/store.py"}
    committing = set()
    for folder in ("schema", "resolvers", "storage", "transport", "worker", "connectors"):
        for file in (ROOT / folder).rglob("*.py"):
            calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
            called = [ast.unparse(call) for call in calls if isinstance(call, ast.Attribute) and call.attr == "commit"]
            if set(called) - {"savepoint.commit", "self._savepoint.commit"}:
                committing.add(str(file.relative_to(ROOT)))
    assert committing <= allowed


@pytest.mark.parametrize("package", _tables_of_contents(), ids=lambda package: package.name)
def test_a_table_of_contents_names_all_files(package: Path) -> None:
    """Who looks for a thing starts at the package's docstring, and believes that what is not there is nowhere."""
    named = re.findall(r"[\w*]+\.py", _docstring(package))
    files = {file.name for file in package.glob("*.py")} - {"__init__.py"}
    assert {file for file in files if not any(fnmatch(file, name) for name in named)} == set()
    folders = {file.parent.name for file in package.glob("*/__init__.py")}
    assert {folder for folder in folders if f"{folder}/" not in _docstring(package)} == set()
    assert {name for name in named if not list(package.glob(name))} <= {"server.py"}


@pytest.mark.parametrize("folder", ["storage", "transport", "execution"])
def test_every_folder_has_a_table_of_contents(folder: str) -> None:
    packages = {file.parent for file in (ROOT / folder).rglob("__init__.py") if "versions" not in file.parts}
    assert packages - set(_tables_of_contents()) == set()


@pytest.mark.parametrize("folder", [name for name in OURS if (ROOT / name).is_dir()])
def test_a_file_that_is_named_alone_lies_beside_the_one_that_names_it(folder: str) -> None:
    """Elsewhere its folder is told too; else whoever looks for it searches, and a file that was moved is not missed."""
    lost = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"(?<![\w/*])([a-z_0-9]+(?:/[a-z_0-9]+)*\.py)\b", file.read_text())
        if not (file.parent / name).exists() and not (ROOT / name).exists()
    ]
    assert lost == []


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names
