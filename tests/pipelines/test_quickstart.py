"""What ``make demo`` runs does what it says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from beam_ingest import Workflow


def test_the_quickstart_writes_every_table_but_the_temporary_ones(quickstart: Path) -> None:
    report = Workflow.from_config("pipelines/quickstart.yaml").run()
    assert report.status == "success"
    lines = (quickstart / "out" / "tables.jsonl").read_text().splitlines()
    written = [json.loads(line) for line in lines]
    with closing(sqlite3.connect("out/shop.db")) as database:
        held = {name for (name,) in database.execute("SELECT name FROM sqlite_master "
                "WHERE type IN ('table', 'view')")}  # fmt: skip
    tables = {each["entity"]["name"] for each in written if each["entityType"] == "table"}
    assert tables == {name for name in held if not name.startswith("tmp_")}
    assert len(held - tables) == 2
    counts = {step.name: (step.in_, step.filtered, step.out) for step in report.steps}
    # Beside the tables: the service, the database and the schema, and the lineage of the views.
    others = 3 + len([each for each in written if each["entityType"] == "lineage"])
    assert others > 3
    assert counts["filter"] == (len(held) + others, 2, len(tables) + others)


def test_the_quickstart_tags_what_its_rules_name(quickstart: Path) -> None:
    Workflow.from_config("pipelines/quickstart.yaml").run().raise_for_status()
    lines = (quickstart / "out" / "tables.jsonl").read_text().splitlines()
    entities = {(each := json.loads(line))["fullyQualifiedName"]: each["entity"] for line in lines}
    customers = entities["shop.default.main.customers"]
    assert [tag["tagFQN"] for tag in customers["tags"]] == ["Tier.Tier1"]
    tagged = {column["name"] for column in customers["columns"] if column.get("tags")}
    assert tagged == {"email"}
    assert "tags" not in entities["shop.default.main.products"]
