"""Dead letters read back from a run directory."""

from __future__ import annotations

import json
from pathlib import Path

from beam_ingest.api.source import Split
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.letters import dead_files, find_letters, note_passed
from beam_ingest.flow.mark import LineFile, Mark, Published
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.stream.journal import Journal, Tally, write_end
from beam_ingest.flow.stream.read import Cursor

FILE = "dead/a.jsonl"


def write_letters(run: RunDir, count: int, file: str = FILE, start: int = 0) -> None:
    run.store.write("run.json", b"{}")
    letters = [DeadLetter.of("s", "no", {"n": n}) for n in range(start, start + count)]
    run.store.write(file, b"".join(letter.to_line("part/0") for letter in letters))


def left(path: Path) -> list[int]:
    return [letter.value["record"]["n"] for letter in find_letters("runs", str(path))]


def test_before_the_report_the_marks_name_the_files(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    ref = split_ref("part/0", 1, {})
    run.write_mark(ref, Mark("part/0", 1, "out", 0, "done", dead=LineFile(FILE, 2)))
    run.write_mark(split_ref("part/1", 2, {}), Mark("part/1", 2, "out", 0, "done"))
    published = LineFile("dead/p.jsonl", 1)
    run.write_published(Published("f", "staged/f", "out", "done", dead=published))
    write_letters(run, 2)
    write_letters(run, 1, "dead/p.jsonl", start=2)
    write_letters(run, 9, "dead/of-an-attempt-that-died.jsonl")
    assert dead_files(run) == [FILE, "dead/p.jsonl"]
    assert left(tmp_path) == [0, 1, 2]


def test_of_an_unbounded_run_the_journals_name_the_files(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    for key, file in (("p0", FILE), ("p1", "dead/p.jsonl"), ("p2", None)):
        dead = [LineFile(file, 2)] if file else []
        tally = Tally(dead=dead, dead_letters=2 * len(dead))
        Journal(key, Split(key), None, tally=tally).write(run)
    write_end(run, "p0", Cursor(None, 2))
    write_letters(run, 2)
    write_letters(run, 2, "dead/p.jsonl", start=2)
    write_letters(run, 9, "dead/of-a-claim-that-is-not-settled.jsonl")
    assert dead_files(run) == [FILE, "dead/p.jsonl"]
    assert left(tmp_path) == [0, 1, 2, 3]


def test_the_report_names_the_files(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    write_letters(run, 2)
    report = {"deadLetters": {"count": 2, "files": [FILE]}}
    run.store.write("report.json", json.dumps(report).encode())
    assert left(tmp_path) == [0, 1]


def test_lines_are_found_again_by_their_offset(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    write_letters(run, 3)
    for letter in find_letters("runs", str(tmp_path / FILE)):
        with run.store.open(FILE) as stream:
            stream.seek(letter.offset)
            assert stream.readline() == letter.text + b"\n"


def test_notes_of_several_replays_add_up(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    write_letters(run, 5)
    run.store.write("report.json", json.dumps({"deadLetters": {"files": [FILE]}}).encode())
    note_passed(run, "r2", "runs/r2", {FILE: [2]})
    note_passed(run, "r3", "runs/r3", {FILE: [4, 5]})
    found = find_letters("runs", str(tmp_path))
    assert [letter.line for letter in found] == [1, 3]
    assert found.passed == 3


def test_a_note_of_other_lines_under_the_same_name_says_nothing(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    write_letters(run, 3)
    run.store.write("report.json", json.dumps({"deadLetters": {"files": [FILE]}}).encode())
    note_passed(run, "r2", "runs/r2", {FILE: [1, 2]})
    write_letters(run, 3, start=10)  # as a resumed run does
    assert left(tmp_path) == [10, 11, 12]


def test_a_file_by_itself_has_no_notes(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    write_letters(run, 3)
    note_passed(run, "r2", "runs/r2", {FILE: [1]})
    assert left(tmp_path / FILE) == [0, 1, 2]
