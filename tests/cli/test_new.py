"""``beam-ingest new``: what it writes runs, and its test passes."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from beam_ingest.cli.sample import make_sample_database
from tests.cli.conftest import Run

KINDS = ["source", "processor", "sink", "stage", "bulk-sink"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_component_passes_its_own_test(cli: Run, folder: Path, kind: str) -> None:
    assert cli("new", kind, "shop").exit_code == 0
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"],
        cwd=folder, capture_output=True, text=True, env=_environment(),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert int(ran.stdout.rpartition(" passed")[0].split()[-1]) > 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_component_is_under_forty_lines_of_documented_python(
    cli: Run, folder: Path, kind: str
) -> None:
    cli("new", kind, "MyShop")
    text = (folder / "my_shop.py").read_text()
    assert len(text.splitlines()) < 40
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    suffix = {"bulk-sink": "BulkSink"}.get(kind, kind.title())
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == [
        f"MyShop{suffix}"
    ]


def test_a_class_is_not_called_source_twice(cli: Run, folder: Path) -> None:
    result = cli("new", "source", "shop-source")
    assert "type: shop_source.ShopSource" in result.stderr


@pytest.mark.parametrize("kind", ["source", "workflow"])
def test_nothing_is_replaced(cli: Run, folder: Path, kind: str) -> None:
    mine = folder / ("test_shop.py" if kind == "source" else "shop.yaml")
    mine.write_text("mine")
    result = cli("new", kind, "shop")
    assert result.exit_code == 2
    assert f"{mine.name} exist already; nothing was written" in result.stderr
    assert [path.name for path in folder.iterdir()] == [mine.name]
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["json", "beam_ingest", "click", "class"])
def test_a_name_that_another_module_has_is_refused(cli: Run, folder: Path, name: str) -> None:
    result = cli("new", "source", name)
    assert result.exit_code == 2
    assert f"{name!r} is the name of another Python module" in result.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "2nd", "--", "…"])
def test_a_name_that_is_none_is_refused(cli: Run, folder: Path, name: str) -> None:
    assert cli("new", "source", "--", name).exit_code == 2
    assert list(folder.iterdir()) == []


def test_a_new_workflow_is_valid_and_reads_a_sample(cli: Run, folder: Path) -> None:
    made = cli("new", "workflow", "my-shop")
    assert made.exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "beam-ingest.schema.json", "my_shop.db", "my_shop.yaml",
    ]  # fmt: skip
    assert "beam-ingest run -c my_shop.yaml" in made.stderr
    assert cli("validate", "-c", "my_shop.yaml").exit_code == 0
    previewed = cli("preview", "-c", "my_shop.yaml", "--limit", "100")
    assert '"my_shop.default.main.orders"' in previewed.stdout
    assert "tmp_import" not in previewed.stdout


def test_a_new_workflow_names_the_schema_that_checks_it(cli: Run, folder: Path) -> None:
    cli("new", "workflow", "shop")
    first = (folder / "shop.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./beam-ingest.schema.json"
    schema = (folder / "beam-ingest.schema.json").read_text()
    assert json.loads(schema) == json.loads(cli("schema").stdout)


def test_a_second_workflow_keeps_the_schema_that_is_there(cli: Run, folder: Path) -> None:
    (folder / "beam-ingest.schema.json").write_text("mine")
    assert cli("new", "workflow", "shop").exit_code == 0
    assert (folder / "beam-ingest.schema.json").read_text() == "mine"


@pytest.mark.parametrize("file", ["my data.db", "it's.db", "${SHOP_FILE}", "a: b.db"])
def test_a_new_workflow_reads_the_database_it_is_given(
    cli: Run, folder: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_FILE", "my data.db")
    make_sample_database(folder / file.replace("${SHOP_FILE}", "my data.db"))
    assert cli("new", "workflow", "shop", "--database", file).exit_code == 0
    assert not (folder / "shop.db").exists()
    checked = cli("test-connection", "-c", "shop.yaml")
    assert checked.exit_code == 0
    assert "7 tables, 2 views" in checked.stdout


def test_a_database_is_for_a_workflow_only(cli: Run, folder: Path) -> None:
    assert cli("new", "source", "shop", "--database", "x.db").exit_code == 2


def test_the_sample_has_tables_keys_and_views(folder: Path) -> None:
    make_sample_database(folder / "s.db")
    make_sample_database(folder / "s.db")
    with closing(sqlite3.connect(folder / "s.db")) as database:
        kinds = [row[0] for row in database.execute("SELECT type FROM sqlite_master")]
        keys = database.execute("PRAGMA foreign_key_list(order_lines)").fetchall()
    assert (kinds.count("table"), kinds.count("view"), len(keys)) == (7, 2, 2)
    assert [path.name for path in folder.iterdir()] == ["s.db"]


def _environment() -> dict[str, str]:
    # Coverage and the like of this process are not for the child.
    return {key: value for key, value in os.environ.items() if not key.startswith(("COV_", "PY"))}
