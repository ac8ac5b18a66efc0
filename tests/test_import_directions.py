"""Which room may import which: the rule that keeps Beam out of connectors, and rooms apart."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "beam_ingest"
ROOMS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

ALLOWED_ROOMS = {
    "api": set(),
    "config": {"api"},
    "http": {"api"},
    "lineage": {"api"},
    "connectors": {"api", "http", "lineage"},
    "processors": {"api", "lineage"},
    "report": {"api"},
    "engines": {"api", "http"},
    "flow": {"api", "engines"},
    "runners": {"api", "config", "engines", "flow"},  # a local worker process writes heartbeats
    "testing": {"api", "config", "flow", "runners", "report", "workflow", "connectors"},
    "templates": {"api"},
    "cli": {
        "api",
        "config",
        "engines",
        "execution",
        "flow",
        "polling",
        "report",
        "runners",
        "templates",
        "testing",
        "workflow",
    },
    "execution": {"api", "config", "flow", "runners"},
    "workflow": {"api", "config", "execution", "flow", "online", "planning", "report", "runners"},
    "polling": {"api", "flow", "workflow"},
    "planning": {"api", "config", "flow"},
    "online": {"api", "config", "connectors", "flow"},
    "": {"api", "workflow"},
}
"""By room (a folder, or a module beside them; "" is the package itself): what it may import."""

ALLOWED_LIBRARIES = {
    "api": {"pydantic", "pydantic_core"},
    "config": {"pydantic", "pydantic_core", "yaml"},
    "http": {"certifi", "requests", "urllib3"},
    "lineage": {"sqlglot"},
    "report": {"rich"},
    "flow": {"apache_beam", "pydantic", "pydantic_core"},
    "runners": {"apache_beam"},
    "templates": {"google", "pydantic", "yaml"},
    "cli": {"click", "rich", "yaml"},
    "": set(),
}
"""Rooms that may use these libraries only, beside the standard library. Others: any but Beam."""

MAY_IMPORT_BEAM = {"engines", "flow", "runners", "testing"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path, package: Path = PACKAGE) -> str:
    first = path.relative_to(package).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports(path: Path, package: Path = PACKAGE) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a module imports, also inside functions."""
    parents = path.relative_to(package.parent).parts[:-1]
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "beam_ingest":
                yield from ((node.lineno, f"beam_ingest.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def wrong(path: Path, package: Path = PACKAGE) -> Iterator[str]:
    room = room_of(path, package)
    for line, name in imports(path, package):
        first, _, rest = name.partition(".")
        if first == "beam_ingest":
            target = rest.partition(".")[0]
            if target and target in ALLOWED_ROOMS and target not in ALLOWED_ROOMS[room] | {room}:
                yield f"{path.name}:{line}: {room or 'the package'} imports {name}"
        elif first == "apache_beam" and room not in MAY_IMPORT_BEAM:
            yield f"{path.name}:{line}: {room or 'the package'} imports Beam"
        elif first not in sys.stdlib_module_names | ALLOWED_LIBRARIES.get(room, {first}):
            yield f"{path.name}:{line}: {room or 'the package'} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    assert room_of(path) in ALLOWED_ROOMS, "a new room: write down what it may import"
    assert list(wrong(path)) == []


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if room_of(path) == "connectors"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_connector_imports_no_other_connector(path: Path) -> None:
    parts = path.relative_to(PACKAGE).parts
    own = f"beam_ingest.connectors.{parts[1].removesuffix('.py')}"
    others = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.startswith("beam_ingest.connectors.") and f"{name}.".find(f"{own}.") != 0
    ]
    assert others == []


def test_every_room_is_known() -> None:
    assert not ROOMS - set(ALLOWED_ROOMS)


def test_the_rule_notices_an_import_in_the_wrong_direction(tmp_path: Path) -> None:
    package = tmp_path / "beam_ingest"
    path = package / "connectors" / "imagined.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import apache_beam\ndef f():\n    from ..flow import read\n    from ..online import x\n"
    )
    assert list(wrong(path, package)) == [
        "imagined.py:1: connectors imports Beam",
        "imagined.py:3: connectors imports beam_ingest.flow",
        "imagined.py:4: connectors imports beam_ingest.online",
    ]
