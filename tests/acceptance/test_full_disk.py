"""A disk that is full while a run stages: one clear error, and resume once there is room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Project
from tests.servers.missing import cannot_be_had

pytestmark = pytest.mark.slow

SCRIPT = """
mount -t tmpfs -o size=400k tmpfs runs || exit 99
"$1" run -c workflow.yaml 2> first.err; echo $? > first.code; cp out.jsonl first.out
mount -o remount,size=64m runs
"$1" run -c workflow.yaml --resume latest 2> second.err; echo $? > second.code
cp runs/*/report.json .
find runs -name '.tmp-*' > left
"""


def test_a_full_disk_fails_the_run_and_resume_finishes_it(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        cannot_be_had("a small disk of one's own", "unshare -rm needs user namespaces")
    project = Project(tmp_path)
    project.write(
        {
            "source": {
                "type": "tests.flow.parts.Numbers",
                "config": {"splits": 4, "records": 4000, "parents": 2},
            },
            "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        }
    )
    (tmp_path / "runs").mkdir()
    (tmp_path / "out.jsonl").write_text("as it was\n")
    program = str(Path(sys.executable).with_name("beam-ingest"))
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SCRIPT, "sh", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    first, second = ((tmp_path / f"{name}.err").read_text() for name in ("first", "second"))
    assert (tmp_path / "first.code").read_text() == "1\n", first
    assert "No space left on device" in first
    assert "make room, and go on with --resume" in first
    assert "Traceback" not in first
    assert (tmp_path / "first.out").read_text() == "as it was\n"
    assert (tmp_path / "second.code").read_text() == "0\n", second
    numbers = [json.loads(line)["n"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(numbers) == [-1, -1, *range(16_000)]
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["status"], report["attempts"]) == ("success", 2)
    assert (tmp_path / "left").read_text() == ""
