"""``beam-ingest dead-letters``: what failed, grouped by step and reason, or line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.cli import dead_letters
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.letters import note_passed
from beam_ingest.flow.run_dir import RunDir
from tests.cli.conftest import Run


def write_run(path: Path, *letters: DeadLetter, file: str = "dead/a.jsonl") -> RunDir:
    """A run that has ended with ``letters``."""
    run = RunDir(str(path))
    run.store.write("run.json", b"{}")
    run.store.write(file, b"".join(letter.to_line("part/0") for letter in letters))
    report = {"deadLetters": {"count": len(letters), "files": [file]}}
    run.store.write("report.json", json.dumps(report).encode())
    return run


def failed(step: str, reason: str, number: int) -> DeadLetter:
    return DeadLetter.of(step, reason, {"name": f"r{number}", "n": number})


@pytest.fixture
def run(folder: Path) -> RunDir:
    return write_run(
        folder / "runs" / "r1",
        failed("mask", "RuntimeError: it broke\nand more", 1),
        failed("mask", "RuntimeError: it broke", 2),
        failed("out", "the server said no", 3),
        DeadLetter.of_raw("lines", "no JSON", "in.jsonl:4", b"{torn"),
    )


def test_letters_are_grouped_by_step_and_reason_with_an_example(cli: Run, run: RunDir) -> None:
    result = cli("dead-letters", "runs/r1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"4 dead letters in {run.store.root}\n"
        "\n"
        "2 x mask: RuntimeError: it broke\n"
        "    for example r1 (dead/a.jsonl, line 1)\n"
        '    {"name": "r1", "n": 1}\n'
        "\n"
        "1 x lines: no JSON\n"
        "    1 of them cannot be replayed: there is no whole record in them\n"
        "    for example in.jsonl:4 (dead/a.jsonl, line 4)\n"
        '    "{torn"\n'
        "\n"
        "1 x out: the server said no\n"
        "    for example r3 (dead/a.jsonl, line 3)\n"
        '    {"name": "r3", "n": 3}\n'
    )


@pytest.mark.parametrize("name", ["r1", "latest", "runs/r1/dead/a.jsonl"])
def test_a_run_is_named_by_its_id_or_as_the_latest_and_a_file_by_its_path(
    cli: Run, run: RunDir, name: str
) -> None:
    assert cli("dead-letters", name).stdout.startswith("4 dead letters in ")


def test_the_workflow_says_where_runs_are(cli: Run, folder: Path) -> None:
    write_run(folder / "elsewhere" / "r9", failed("mask", "no", 1))
    (folder / "w.json").write_text(json.dumps({
        "source": {"type": "file", "serviceName": "s", "config": {"path": "in.jsonl"}},
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        "beam": {"workDir": "elsewhere"},
    }))  # fmt: skip
    assert cli("dead-letters", "r9").exit_code == 2
    result = cli("dead-letters", "r9", "-c", "w.json")
    assert result.stdout.startswith("1 dead letter in ")


def test_json_prints_the_lines_as_they_are(cli: Run, run: RunDir) -> None:
    data = run.store.read("dead/a.jsonl")
    assert data is not None
    assert cli("dead-letters", "r1", "--json").stdout_bytes == data
    one = cli("dead-letters", "r1", "--json", "--step", "out")
    assert [json.loads(line)["name"] for line in one.stdout.splitlines()] == ["r3"]


def test_one_step_is_shown_alone(cli: Run, run: RunDir) -> None:
    result = cli("dead-letters", "r1", "--step", "mask")
    assert result.stdout.startswith(f"2 dead letters of the step mask in {run.store.root}\n")
    assert "server" not in result.stdout
    assert cli("dead-letters", "r1", "--step", "x").stdout.startswith("no dead letters of the step")


def test_what_a_replay_has_passed_is_left_out_and_counted(cli: Run, run: RunDir) -> None:
    note_passed(run, "r2", "runs/r2", {"dead/a.jsonl": [1, 3]})
    result = cli("dead-letters", "r1")
    assert "2 dead letters in" in result.stdout
    assert "(2 more have passed in a replay)" in result.stdout
    assert "1 x mask" in result.stdout
    assert "the server said no" not in result.stdout


def test_a_run_without_dead_letters_says_so(cli: Run, folder: Path) -> None:
    run = write_run(folder / "runs" / "r1")
    assert cli("dead-letters", "r1").stdout == f"no dead letters in {run.store.root}\n"


def test_a_run_that_is_not_there_is_a_usage_error(cli: Run, folder: Path) -> None:
    result = cli("dead-letters", "nothing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no run 'nothing'" in result.stderr


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{torn", "key must be a string"),
        ("[1]", "no JSON object"),
        ('{"step": "s", "reason": "r"}', "'name'"),
    ],
)
def test_a_file_of_something_else_is_named_with_its_line(
    cli: Run, folder: Path, line: str, why: str
) -> None:
    good = failed("mask", "no", 1).to_line("part/0").decode()
    (folder / "copy.jsonl").write_text(good + line + "\n")
    result = cli("dead-letters", "copy.jsonl")
    assert result.exit_code == 2
    assert "copy.jsonl, line 2: no dead letter: " in result.stderr
    assert why in result.stderr


def test_a_file_that_is_gone_is_named(cli: Run, run: RunDir) -> None:
    run.store.remove(["dead/a.jsonl"])
    result = cli("dead-letters", "r1")
    assert result.exit_code == 2
    assert "dead/a.jsonl cannot be read: No such file" in result.stderr


def test_reasons_that_are_all_different_do_not_fill_the_screen(cli: Run, folder: Path) -> None:
    many = dead_letters.REASONS + 7
    write_run(folder / "runs" / "r1", *(failed("s", f"why {n:03}", n) for n in range(many)))
    lines = cli("dead-letters", "r1").stdout.splitlines()
    groups = [line for line in lines if " x s: " in line]
    assert len(groups) == dead_letters.REASONS + 1
    assert groups[0] == "7 x s: (other reasons)"


def test_a_large_record_is_shown_in_part(cli: Run, folder: Path) -> None:
    large: dict[str, Any] = {"name": "r", "text": "x" * 10_000}
    write_run(folder / "runs" / "r1", DeadLetter.of("s", "no", large))
    assert max(map(len, cli("dead-letters", "r1").stdout.splitlines())) < 500
