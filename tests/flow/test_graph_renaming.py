"""A processor that renames does not make the run retire what it has just written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Batch, ConfigModel, Retired, Scope, Sink, Source, Split
from beam_ingest.api.entities import Table
from tests.flow.workflows import RUNNERS, run

pytestmark = pytest.mark.slow

SCHEMA = "svc.db.s"


class Tables(Source):
    """Four tables in two splits, and the complete listing of their schema."""

    def splits(self) -> Iterator[Split | Scope]:
        yield Split("1", {"tables": ["a", "b"]})
        yield Split("2", {"tables": ["c", "d"]})
        yield Scope(SCHEMA, [f"{SCHEMA}.{name}" for name in "abcd"])

    def read(self, split: Split) -> Iterator[Table]:
        for name in split.payload["tables"]:
            yield Table(name=name, database_schema=SCHEMA, columns=[])


def prefix(table: Table) -> Table | list[Table]:
    """Rename ``a``, keep ``b``, make two of ``c``."""
    if table.name == "a":
        return table.model_copy(update={"name": "renamed.a"})
    if table.name == "c":
        return [table, table.model_copy(update={"name": "c2"})]
    return table


class Held(Sink):
    """A folder with one file for each name."""

    class Config(ConfigModel):
        path: str

    def write(self, batch: Batch) -> None:
        for record in batch.records:
            assert isinstance(record, Table)
            (Path(self.config.path) / record.fqn).write_text(json.dumps(record.to_dict()))

    def retire(self, scope: Scope) -> Retired:
        folder = Path(self.config.path)
        gone = scope.gone([file.name for file in folder.iterdir()])
        for name in gone:
            (folder / name).unlink()
        return Retired(len(gone))


@pytest.mark.parametrize("runner", list(RUNNERS))
def test_what_was_renamed_stays(tmp_path: Path, runner: str) -> None:
    held = tmp_path / "held"
    held.mkdir()
    (held / f"{SCHEMA}.gone").touch()
    module = __name__
    config: dict[str, Any] = {
        "source": {"type": f"{module}.Tables"},
        "processors": [{"type": f"{module}.prefix"}],
        "sink": {"type": f"{module}.Held", "config": {"path": str(held)}},
        "beam": {"workDir": str(tmp_path / "runs"), **RUNNERS[runner]},
    }
    report = run(config)
    assert (report.status, report.retired.names) == ("success", 1)
    names = {file.name.removeprefix(f"{SCHEMA}.") for file in held.iterdir()}
    assert names == {'"renamed.a"', "b", "c", "c2", "d"}
