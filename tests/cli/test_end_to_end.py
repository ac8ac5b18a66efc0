"""Whole runs through the command line, on a real database, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beam_ingest.api.report import Report
from beam_ingest.cli.sample import make_sample_database

WORKFLOW = """\
source:
  type: sqlite
  serviceName: shop
  serviceConnection:
    config: {type: SQLite, databaseMode: shop.db}
  sourceConfig:
    config: {type: DatabaseMetadata}
sink:
  type: file
  config: {path: out.jsonl}
"""
FIVE_MISTAKES = """\
source:
  type: sqlite
  serviceName: shop
  serviceConection:
    config: {type: SQLite, databaseMode: shop.db}
  sourceConfig:
    config: {type: DatabaseMetadata}
processors:
  - type: fliter
    config: {}
  - type: python
    config: {function: mine.missing}
sink:
  type: file
  config: {path: "${NOT_SET_ANYWHERE}/out.jsonl"}
beam: {workers: many}
"""


def beam_ingest(
    folder: Path, *args: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from beam_ingest.cli.main import main; main()", *args],
        cwd=folder, capture_output=True, text=True, input=stdin,
    )  # fmt: skip


@pytest.fixture
def shop(folder: Path) -> Path:
    """A folder with a database, a workflow, and the output of an earlier run."""
    make_sample_database(folder / "shop.db")
    (folder / "w.yaml").write_text(WORKFLOW)
    (folder / "out.jsonl").write_text('{"name": "of an earlier run"}\n')
    return folder


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def test_a_run_writes_its_output_its_report_and_its_status(shop: Path) -> None:
    ran = beam_ingest(shop, "run", "-c", "w.yaml", "--report", "report.json", "--json")
    assert ran.returncode == 0, ran.stderr
    report = Report.model_validate_json(ran.stdout)
    assert (report.status, report.splits.failed) == ("success", 0)
    assert Report.model_validate_json((shop / "report.json").read_bytes()) == report
    assert Report.model_validate_json(Path(report.run_dir, "report.json").read_bytes()) == report
    names = [json.loads(line)["fullyQualifiedName"]
             for line in (shop / "out.jsonl").read_text().splitlines()]  # fmt: skip
    assert len(names) == 15
    assert "shop.default.main.order_totals" in names
    assert report.sentence in ran.stderr
    assert "warning" not in ran.stderr


@pytest.mark.slow
def test_a_workflow_can_come_from_stdin_with_keys_set(shop: Path) -> None:
    ran = beam_ingest(
        shop, "run", "-c", "-", "--set", "sink.config.path=other.jsonl", "--run-dir", "here",
        stdin=WORKFLOW,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len((shop / "other.jsonl").read_text().splitlines()) == 15
    assert (shop / "here" / "report.json").exists()
    assert not (shop / "runs").exists()


@pytest.mark.parametrize(
    "args", [["preview"], ["run", "--dry-run"], ["test-connection"], ["graph"]]
)
def test_looking_touches_nothing(shop: Path, args: list[str]) -> None:
    before = state(shop)
    looked = beam_ingest(shop, *args, "-c", "w.yaml")
    assert looked.returncode == 0, looked.stderr
    assert state(shop) == before
    assert not (shop / "runs").exists()


@pytest.mark.parametrize("verb", ["run", "validate"])
def test_five_mistakes_are_told_at_once_and_nothing_is_touched(shop: Path, verb: str) -> None:
    (shop / "wrong.yaml").write_text(FIVE_MISTAKES)
    before = state(shop)
    ran = beam_ingest(shop, verb, "-c", "wrong.yaml")
    assert ran.returncode == 2
    assert ran.stdout == ""
    for line, expected in {
        4: "serviceConnection",
        9: "filter",
        12: "mine",
        15: "NOT_SET_ANYWHERE",
        16: "workers",
    }.items():
        told = [text for text in ran.stderr.split("wrong.yaml:") if text.startswith(f"{line}:")]
        assert told, f"line {line} is not told:\n{ran.stderr}"
        assert expected in told[0]
    assert "nothing was run" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert state(shop) == before
    assert [path.name for path in shop.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("verb", ["run", "preview", "test-connection"])
def test_a_database_that_is_not_there_is_exit_code_3(shop: Path, verb: str) -> None:
    ran = beam_ingest(
        shop, verb, "-c", "w.yaml",
        "--set", "source.serviceConnection.config.databaseMode=missing.db",
    )  # fmt: skip
    assert ran.returncode == 3, ran.stderr
    assert "missing.db: no such file" in ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
    assert (shop / "out.jsonl").read_text() == '{"name": "of an earlier run"}\n'


@pytest.mark.slow
def test_records_that_fail_are_exit_code_1_unless_forgiven(shop: Path) -> None:
    (shop / "own.py").write_text(
        "def choosy(record):\n"
        "    if record.name == 'orders':\n"
        "        raise ValueError('no orders')\n"
        "    return record\n"
    )
    (shop / "w.yaml").write_text(WORKFLOW + "processors: [{type: own.choosy}]\n")
    ran = beam_ingest(shop, "run", "-c", "w.yaml", "--report", "r.json")
    assert ran.returncode == 1, ran.stderr
    assert "1 x own.choosy: " in ran.stderr
    assert "no orders" in ran.stderr
    assert "such as shop.default.main.orders" in ran.stderr
    assert "dead letters: 1 in 1 file below" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert json.loads((shop / "r.json").read_text())["deadLetters"]["count"] == 1
    forgiven = beam_ingest(
        shop, "run", "-c", "w.yaml", "--set", "workflowConfig.raiseOnError=false"
    )
    assert forgiven.returncode == 0
    assert "The run failed" in forgiven.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_own_code(shop: Path, number: int, code: int) -> None:
    os.mkfifo(shop / "seen")
    (shop / "slow.py").write_text(
        "import os, threading\n"
        "def process(record):\n"
        "    if os.path.exists('seen'):\n"
        "        with open('seen', 'w') as pipe:\n"
        "            os.unlink('seen')\n"
        "            pipe.write('x')\n"
        "    threading.Event().wait(0.2)\n"
        "    return record\n"
    )
    (shop / "w.yaml").write_text(WORKFLOW + "processors: [{type: slow.process}]\n")
    with subprocess.Popen(
        [sys.executable, "-c", "from beam_ingest.cli.main import main; main()",
         "run", "-c", "w.yaml"],
        cwd=shop, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        with (shop / "seen").open() as pipe:
            assert pipe.read() == "x"  # the first record is being processed
        child.send_signal(number)
        assert child.stderr is not None
        told = child.stderr.read()
    assert child.returncode == code, told
    assert f"stopped by {signal.Signals(number).name}" in told
    assert "Traceback" not in told
    assert (shop / "out.jsonl").read_text() == '{"name": "of an earlier run"}\n'
