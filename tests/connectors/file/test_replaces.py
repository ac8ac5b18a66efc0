"""What the file bulk sink would replace: a replay asks before it writes a handful of records."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest import StagedFile
from beam_ingest.testing.faults import FaultScript, faulty
from tests.connectors.file.bulk import run, sink


@pytest.mark.parametrize("shards", [False, True])
def test_what_a_run_has_put_in_place_would_be_replaced(
    tmp_path: Path, files: list[StagedFile], shards: bool
) -> None:
    target = tmp_path / "out"
    made = sink(target, shards=shards)
    assert made.replaces() is None
    run(made, files)
    assert made.replaces() == str(target)


def test_a_wrapped_sink_says_the_same(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    assert faulty(sink(target), FaultScript([])).replaces() == str(target)
