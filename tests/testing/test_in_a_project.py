"""The suites in a user's own project: plain pytest, nothing of ours configured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beam_ingest import testing
from beam_ingest.testing.compare import expect_plain_json, expect_same, first_difference

COMPONENTS = '''
from beam_ingest import ConfigModel, Processor, Source, Split


class Letters(Source):
    """The letters of a text, a split for each word."""

    class Config(ConfigModel):
        text: str

    def splits(self):
        for number, word in enumerate(self.config.text.split()):
            yield Split(f"{number:06d}", {"word": word})

    def read(self, split):
        for position, letter in enumerate(split.payload["word"]):
            yield {"id": f"{split.key}-{position}", "letter": letter}


class Upper(Processor):
    def process(self, record):
        return {**record, "letter": record["letter"].upper()}


def shout(record):
    return {**record, "letter": record["letter"] + "!"}
'''

TESTS = """
from beam_ingest.testing import ProcessorSuite, SourceSuite
from mine import Letters, Upper, shout

class TestLetters(SourceSuite):
    component = Letters
    config = {"text": "two words"}

class TestUpper(ProcessorSuite):
    component = Upper
    records = [{"letter": "a"}, {"letter": "b"}]
    expected = [{"letter": "A"}, {"letter": "B"}]

class TestShout(ProcessorSuite):
    component = shout
    records = [{"letter": "a"}]
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(COMPONENTS)
    (tmp_path / "test_mine.py").write_text(TESTS)
    return tmp_path


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_source_a_processor_and_a_function_pass_their_suites(project: Path, mode: str) -> None:
    done = run(project, "-q", f"--import-mode={mode}")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "warning" not in done.stdout


def test_the_author_reads_what_is_wrong_without_a_traceback(project: Path) -> None:
    code = (project / "mine.py").read_text()
    (project / "mine.py").write_text(code.replace('f"{number:06d}"', '"word"'))
    done = run(project, "-q", "-k", "unique_keys")
    assert done.returncode == 1
    assert "two splits have the key 'word'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "source_suite.py:" not in done.stdout.partition("short test summary")[0]


def test_a_suite_without_a_component_says_what_it_needs(project: Path) -> None:
    (project / "test_mine.py").write_text(
        "from beam_ingest.testing import SinkSuite\n\nclass TestIt(SinkSuite):\n    pass\n"
    )
    done = run(project, "-q", "-x")
    assert "TestIt needs a class attribute or a fixture 'component'" in done.stdout


def test_without_pytest_the_command_to_install_it_is_named() -> None:
    code = "import sys; sys.modules['pytest'] = None; from beam_ingest.testing import SourceSuite"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "MissingDependency" in last
    assert "pip install 'beam-ingest[testing]'" in last


def test_faults_and_sample_records_need_neither_pytest_nor_beam() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None; sys.modules['apache_beam'] = None\n"
        "import beam_ingest.testing.faults, beam_ingest.testing.golden, beam_ingest.testing.records"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["SourcSuite", "pytest"])
def test_a_name_that_is_no_suite_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(testing, name)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (["a", "b"], ["a", "c"], ["at 1", "b", "c"]),
        (["a", "b"], ["a"], ["2 and then 1", "b"]),
        ([], ["x" * 1000], ["0 and then 1", "…"]),
    ],
)
def test_a_difference_is_told_by_its_first_place(
    first: list[str], second: list[str], words: list[str]
) -> None:
    told = first_difference(first, second)
    assert all(word in told for word in words)
    assert len(told) < 800
    with pytest.raises(pytest.fail.Exception):
        expect_same("they differ", first, second)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", [1, {"a": []}], {"a": None}])
def test_plain_json_is_accepted(value: object) -> None:
    expect_plain_json("it", value)


@pytest.mark.parametrize("value", [(1,), {1: "a"}, {"a"}, b"a", float("nan"), [{"a": (1,)}]])
def test_what_json_changes_or_refuses_is_named(value: object) -> None:
    with pytest.raises(pytest.fail.Exception, match="JSON"):
        expect_plain_json("it", value)
