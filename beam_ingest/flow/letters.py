"""Dead letters read back: those of a run, or of one file, without what replays have passed.

``replays/<run id>.json`` in the run directory says which lines a replay has passed, file by file,
with the digest of the file: a file that another attempt at the run has written anew has other
lines under the same numbers. Imports no Beam for a run directory on this machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.mark import Mark, Published
from beam_ingest.flow.resume import find_run
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import Store, store_of
from beam_ingest.flow.stream.journal import all_journals

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Letter:
    """One line of a file of dead letters: which it is (from 1), and where it begins (in bytes)."""

    file: str
    line: int
    offset: int
    text: bytes
    value: dict[str, Any]

    @property
    def step(self) -> str:
        """The step that it failed in."""
        return str(self.value["step"])

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.value["reason"])

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return int(self.value["attempts"])

    @property
    def has_record(self) -> bool:
        """Whether it holds what can be run again; a line that was no record does not."""
        return isinstance(self.value.get("record"), dict)


class Letters:
    """The dead letters of a run directory (``run``), or of one file (``run`` is None).

    ``place`` is what to call it in a message. Iterating gives what is left, in the order of the
    run's splits; ``passed`` is how many were left out of the last iteration. Raises
    ``CannotStart`` where a file is not there, or holds a line that is no dead letter.
    """

    def __init__(self, store: Store, files: list[str], place: str, run: RunDir | None) -> None:
        self.store = store
        self.files = files
        self.place = place
        self.run = run
        self.passed = 0

    def __iter__(self) -> Iterator[Letter]:
        self.passed = 0
        notes = list(_notes(self.run)) if self.run is not None else []
        for file in self.files:
            gone = _passed_lines(self.store, file, notes)
            for letter in self._of(file):
                if letter.line in gone:
                    self.passed += 1
                else:
                    yield letter

    def _of(self, file: str) -> Iterator[Letter]:
        offset = number = 0
        try:
            with self.store.open(file) as stream:
                for number, text in enumerate(stream, 1):
                    yield Letter(file, number, offset, text.rstrip(b"\n"), _parsed(text))
                    offset += len(text)
        except OSError as error:
            raise CannotStart(
                f"{self.store.path(file)} cannot be read: {error.strerror or error}"
            ) from None
        except ValueError as error:
            raise CannotStart(
                f"{self.store.path(file)}, line {number}: no dead letter: {error}"
            ) from None


def find_letters(work_dir: str, name: str) -> Letters:
    """The dead letters of the run ``name`` (as ``find_run`` takes it), or of the file ``name``.

    Raises ``CannotStart`` where there is neither.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return _of_file(str(path.absolute()))
    if "://" in name and name.endswith(".jsonl"):
        return _of_file(name)
    run = RunDir(find_run(work_dir, name))
    return Letters(run.store, dead_files(run), run.store.root, run)


def letters_of(root: str, files: list[str], *, whole_run: bool) -> Letters:
    """The same letters again, on a worker: ``root`` and ``files`` of an earlier ``Letters``."""
    return Letters(store_of(root), files, root, RunDir(root) if whole_run else None)


def dead_files(run: RunDir) -> list[str]:
    """The files of dead letters that a run has left: by its report, before that by its marks;
    by its journals, where it is unbounded."""
    report = run.store.read("report.json")
    if report is not None:
        return list(json.loads(report)["deadLetters"]["files"])
    marks = (_read(run, f"marks/{name}", Mark) for name in run.store.names("marks"))
    files = (_read(run, f"published/{name}", Published) for name in run.store.names("published"))
    settled = [file.file for journal in all_journals(run) for file in journal.tally.dead]
    return [found.dead.file for found in (*marks, *files) if found and found.dead] + settled


def note_passed(run: RunDir, replay_id: str, replay_dir: str, passed: Mapping[str, Any]) -> None:
    """Say, by one atomic step, which lines (``{file: numbers}``) the replay has passed."""
    value = {
        "runId": replay_id,
        "runDir": replay_dir,
        "passed": {
            file: {"sha256": _digest(run.store, file), "lines": sorted(lines)}
            for file, lines in sorted(passed.items())
        },
    }
    run.store.write(f"replays/{replay_id}.json", json.dumps(value).encode())


def _of_file(path: str) -> Letters:
    folder, _, name = path.rpartition("/")
    return Letters(store_of(folder or "/"), [name], path, None)


def _read(run: RunDir, name: str, cls: type[Mark] | type[Published]) -> Mark | Published | None:
    data = run.store.read(name)
    return None if data is None else cls.from_bytes(data)


def _notes(run: RunDir) -> Iterator[dict[str, Any]]:
    for name in run.store.names("replays"):
        data = run.store.read(f"replays/{name}")
        if data is not None:
            yield json.loads(data)["passed"]


def _passed_lines(store: Store, file: str, notes: list[dict[str, Any]]) -> set[int]:
    of_file = [note[file] for note in notes if file in note]
    if not of_file:
        return set()
    digest = _digest(store, file)
    return {line for note in of_file if note["sha256"] == digest for line in note["lines"]}


def _digest(store: Store, file: str) -> str:
    digest = hashlib.sha256()
    with store.open(file) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _parsed(text: bytes) -> dict[str, Any]:
    value = from_json(text)
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    for key, kind in (("step", str), ("reason", str), ("name", str), ("attempts", int)):
        if not isinstance(value.get(key), kind):
            raise ValueError(f"it has no {key!r}")
    return value
