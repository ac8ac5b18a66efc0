"""An unbounded run on this machine that hangs ends, says where, and goes on when it is resumed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flow.stream.running import Script, message

pytestmark = pytest.mark.slow


def hanging(script: Script, kind: str) -> dict[str, Any]:
    config = script.workflow(
        {"stallTimeout": "1s", "longCallTimeout": "2s", "trigger": {"count": 2}}
    )
    wrapped = config[kind]
    wrapped["config"] = {
        "wraps": wrapped["type"],
        "config": wrapped["config"],
        "faults": [{"hang": 3600}],
        "counter": str(script.folder / "hung"),
    }
    name = {"source": "FaultyStreamSource", "bulkSink": "FaultyBulkSink"}[kind]
    wrapped["type"] = f"beam_ingest.testing.faults.{name}"
    return config


@pytest.mark.parametrize(
    ("kind", "limit", "key"),
    [("source", "1 s", "beam.stallTimeout"), ("bulkSink", "2 s", "beam.longCallTimeout")],
)
def test_a_call_that_hangs_ends_the_run(tmp_path: Path, kind: str, limit: str, key: str) -> None:
    script = Script(tmp_path)
    script.partition("p0", *(message(f"m{n}", n) for n in range(6)))
    config = hanging(script, kind)
    file, run = tmp_path / "workflow.json", tmp_path / "runs" / "run"
    file.write_text(json.dumps(config))
    program = str(Path(sys.executable).parent / "beam-ingest")
    command = [program, "run", "-c", str(file), "--run-dir", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert f"{key} sets this limit" in done.stderr
    assert "the stacks of the workers that hang" in done.stderr
    report = json.loads((run / "report.json").read_text())
    assert report["stopped"].startswith(f"nothing has moved for {limit}: ")

    assert script.run(config, resume=str(run)).status == "success"
    assert script.names() == [f"m{n}" for n in range(6)]
