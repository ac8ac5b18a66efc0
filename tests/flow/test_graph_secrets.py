"""Secrets reach the workers, and nothing that a run leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.flow.workflows import RUNNERS, part, run, workflow

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-that-must-not-be-seen"


# A literal is refused with a runner that may be remote: the tests of config say so.
CASES = [
    (runner, written)
    for runner in RUNNERS
    for written in ("literal", "variable", "file")
    if (runner, written) != ("portable", "literal")
]


@pytest.mark.parametrize("runner", [name for name in RUNNERS if name != "portable"])
def test_a_url_reaches_every_worker_with_its_password_and_no_file(
    tmp_path: Path, runner: str
) -> None:
    url, out = f"http://me:{SECRET}@host/a", tmp_path / "out.jsonl"
    config: dict[str, Any] = workflow(
        tmp_path,
        {"splits": 2, "records": 3},
        processors=[part("Keyed", key="k", url=url)],
        sink={"type": "file", "config": {"path": str(out)}},
        beam=dict(RUNNERS[runner]),
    )
    report = run(config)
    expected = hashlib.sha256(f"k{url}".encode()).hexdigest()
    assert {json.loads(line)["digest"] for line in out.read_text().splitlines()} == {expected}
    for file in Path(report.run_dir).rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(("runner", "written"), CASES)
def test_a_secret_reaches_every_worker_and_no_file(
    tmp_path: Path, runner: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    (tmp_path / "key").write_text(SECRET + "\n")
    key = {"literal": SECRET, "variable": "${THE_KEY}", "file": f"file:{tmp_path}/key"}[written]
    out = tmp_path / "out.jsonl"
    config: dict[str, Any] = workflow(
        tmp_path,
        {"splits": 2, "records": 3},
        processors=[part("Keyed", key=key), part("Faulty", every=2)],
        sink={"type": "file", "config": {"path": str(out)}},
        beam=dict(RUNNERS[runner]),
    )
    report = run(config)
    expected = hashlib.sha256(SECRET.encode()).hexdigest()
    assert {json.loads(line)["digest"] for line in out.read_text().splitlines()} == {expected}
    assert report.dead_letters.count == 3
    assert SECRET not in report.to_json()
    for file in Path(report.run_dir).rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    assert not [name for name in os.environ if name.startswith("BEAM_INGEST_VAULT")]
