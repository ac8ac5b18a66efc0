"""From a configuration to a plan: the writers and their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context
from beam_ingest.workflow import Workflow, _writers


def writers(tmp_path: Path, **sections: Any) -> list[Any]:
    config = {
        "source": {"type": "file", "config": {"path": str(tmp_path)}},
        **sections,
    }
    return list(_writers(Workflow.from_config(config).config, Context()))


def file(tmp_path: Path, name: str | None = None) -> dict[str, Any]:
    section: dict[str, Any] = {"type": "file", "config": {"path": str(tmp_path / "out")}}
    return section if name is None else {**section, "name": name}


def test_a_staged_sink_is_a_stage_and_a_bulk_sink(tmp_path: Path) -> None:
    (writer,) = writers(tmp_path, sink=file(tmp_path, "out"))
    assert (writer.name, writer.sink) == ("out", None)
    assert (writer.stage.step, writer.bulk.step) == ("out (stage)", "out")


def test_a_name_that_stands_in_file_names_has_no_dots(tmp_path: Path) -> None:
    (writer,) = writers(tmp_path, sink={"type": "console", "name": "to.the.console"})
    assert (writer.name, writer.target.step) == ("to_the_console", "to.the.console")


@pytest.mark.parametrize(("sink", "bulk"), [("a.b", "a_b"), ("a_b", "a.b"), (None, None)])
def test_two_writers_never_share_the_files_of_their_marks(
    tmp_path: Path, sink: str | None, bulk: str | None
) -> None:
    found = writers(
        tmp_path,
        sink={"type": "console", **({"name": sink} if sink else {})},
        stage={"type": "file", "name": "staging"},
        bulkSink=file(tmp_path, bulk),
    )
    assert len({writer.name for writer in found}) == 2
