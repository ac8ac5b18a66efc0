"""A worker with other versions stops the run with one sentence, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.flow import versions as module
from beam_ingest.flow.versions import mismatch, versions
from tests.flow.workflows import part, run, workflow


def test_the_same_versions_are_no_mismatch() -> None:
    assert mismatch(versions()) is None
    assert mismatch({}) is None


def test_every_difference_is_named() -> None:
    launched = {**versions(), "Python": "3.8", "beam-ingest": "9"}
    text = mismatch(launched)
    assert text is not None
    assert text.startswith("a worker has Python 3.")
    assert text.count(" instead of ") == 2


@pytest.mark.slow
def test_a_mismatch_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The launcher notes its versions first; what is asked after that is asked by workers.
    answers = iter([{**versions(), "apache-beam": "2.1"}])
    real = module.versions
    monkeypatch.setattr(module, "versions", lambda: next(answers, None) or real())
    stored = tmp_path / "stored"
    report = run(
        workflow(tmp_path, {"splits": 2, "records": 3}, sink=part("Folder", path=str(stored)))
    )
    assert (report.status, report.exit_code) == ("failed", 2)
    assert report.sentence == (
        f"The run was stopped: a worker has apache-beam {real()['apache-beam']} instead of 2.1."
    )
    assert not stored.exists() or not list(stored.iterdir())
