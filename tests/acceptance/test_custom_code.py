"""A source and a processor of the user's own: one file in the current folder, no Beam in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import Project

pytestmark = pytest.mark.slow

MINE = '''\
from pathlib import Path

from beam_ingest import ConfigModel, Drop, Processor, Source, Split


class Notes(Source):
    """One record for each text file of a folder."""

    class Config(ConfigModel):
        folder: str

    def splits(self):
        for path in sorted(Path(self.config.folder).glob("*.txt")):
            yield Split(path.name)

    def read(self, split):
        path = Path(self.config.folder, split.key)
        yield {"name": path.stem, "text": path.read_text(), "size": path.stat().st_size}


class Shout(Processor):
    """The text in capitals; empty notes are left out."""

    def process(self, record):
        if not record["text"]:
            raise Drop("empty")
        return {**record, "text": record["text"].upper()}
'''

SUITES = """\
import mine
import pytest

from beam_ingest.testing import ProcessorSuite, SourceSuite


class TestNotes(SourceSuite):
    component = mine.Notes

    @pytest.fixture
    def config(self, tmp_path):
        (tmp_path / "a.txt").write_text("one")
        (tmp_path / "b.txt").write_text("two")
        return {"folder": str(tmp_path)}


class TestShout(ProcessorSuite):
    component = mine.Shout
    config = {}
    records = [{"name": "a", "text": "one"}, {"name": "b", "text": "two"}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "notes").mkdir()
    for name, text in (("a", "one"), ("b", ""), ("c", "three")):
        (tmp_path / "notes" / f"{name}.txt").write_text(text)
    return project


@pytest.mark.parametrize("workers", [1, 2])
def test_it_runs_by_its_dotted_path(project: Project, workers: int) -> None:
    assert len(MINE.splitlines()) < 40
    project.write(
        {
            "source": {"type": "mine.Notes", "config": {"folder": "notes"}},
            "processors": [{"type": "mine.Shout"}],
            "sink": {"type": "file", "config": {"path": "out.jsonl"}},
            "beam": {"workers": workers},
        }
    )
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 0, done.stderr
    lines = (project.folder / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["ONE", "THREE"]
    assert "apache_beam" not in done.stderr


def test_it_passes_its_conformance_suites(project: Project) -> None:
    (project.folder / "test_mine.py").write_text(SUITES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_mine.py"],
        cwd=project.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
