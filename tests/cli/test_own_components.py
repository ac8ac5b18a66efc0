"""A source and a processor of one's own, in one file of the current folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMPONENTS = """\
from collections.abc import Iterator

from beam_ingest import ConfigModel, Drop, Processor, Record, Source, Split


class Numbers(Source):
    class Config(ConfigModel):
        upto: int
        split: int = 100

    def splits(self) -> Iterator[Split]:
        for start in range(0, self.config.upto, self.config.split):
            yield Split(f"from-{start}", {"start": start})

    def read(self, split: Split) -> Iterator[Record]:
        start = split.payload["start"]
        for number in range(start, min(start + self.config.split, self.config.upto)):
            yield {"name": f"n{number}", "number": number}


class Odd(Processor):
    def process(self, record: Record) -> Record:
        if record["number"] % 2 == 0:
            raise Drop("even")
        return record
"""
SUITES = """\
from beam_ingest.testing import ProcessorSuite, SourceSuite
from mine import Numbers, Odd


class TestNumbers(SourceSuite):
    component = Numbers
    config = {"upto": 250}


class TestOdd(ProcessorSuite):
    component = Odd
    records = [{"name": f"n{number}", "number": number} for number in range(5)]
"""
WORKFLOW = """\
source:
  type: mine.Numbers
  serviceName: numbers
  serviceConnection: {config: {upto: 1000}}
processors: [{type: mine.Odd}]
sink: {type: file, config: {path: out.jsonl}}
"""
CLI = "from beam_ingest.cli.main import main; main()"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    assert len(COMPONENTS.splitlines()) < 40
    (tmp_path / "mine.py").write_text(COMPONENTS)
    (tmp_path / "test_mine.py").write_text(SUITES)
    (tmp_path / "w.yaml").write_text(WORKFLOW)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_they_run_by_their_dotted_path(mine: Path, workers: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CLI, "run", "-c", "w.yaml", "--json",
         "--set", f"beam.workers={workers}"],
        cwd=mine, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    steps = {step["name"]: step for step in json.loads(ran.stdout)["steps"]}
    assert steps["mine.Odd"]["in"] == 1000
    assert steps["mine.Odd"]["filtered"] == 500
    written = [json.loads(line)["number"] for line in (mine / "out.jsonl").read_text().splitlines()]
    assert sorted(written) == list(range(1, 1000, 2))


@pytest.mark.slow
def test_they_pass_their_suites(mine: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=mine, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert int(ran.stdout.rpartition(" passed")[0].split()[-1]) > 20
