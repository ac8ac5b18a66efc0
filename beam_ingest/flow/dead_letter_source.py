"""The source of a replay: dead letters, each of which re-enters at the step it failed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from itertools import groupby
from typing import Any

from pydantic_core import from_json

from beam_ingest.api.codec import decode
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Source, Split
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.letters import Letter, letters_of
from beam_ingest.flow.origin import Entry
from beam_ingest.flow.store import store_of

SPLIT_LETTERS = 500
"""So many dead letters are read as one split."""


class DeadLetterSource(Source):
    """Splits of letters that are of one file and one step, in the order of the file.

    A split's payload holds what ``reentry.trace`` needs; exactly one thing is read for each of its
    lines, so that a letter is known by its place in the split.
    """

    class Config(ConfigModel):
        """What ``Letters`` was made of, and where the letters of each step re-enter."""

        root: str
        files: list[str]
        whole_run: bool
        entries: dict[str, tuple[int, str | None, bool]]
        step: str | None = None

    config: Config

    def splits(self) -> Iterator[Split]:
        """The letters that are left, gathered by file and step."""
        config = self.config
        letters = letters_of(config.root, config.files, whole_run=config.whole_run)
        for _, of_file in groupby(letters, key=lambda letter: letter.file):
            yield from self._splits(of_file)

    def _splits(self, letters: Iterator[Letter]) -> Iterator[Split]:
        waiting: dict[str, Split] = {}
        for letter in letters:
            step = letter.step
            if self.config.step not in (None, step) or not letter.has_record:
                continue
            payload = waiting.setdefault(step, self._empty(letter)).payload
            payload["lines"].append(letter.line)
            payload["attempts"].append(letter.attempts)
            if len(payload["lines"]) == SPLIT_LETTERS:
                yield waiting.pop(step)
        yield from waiting.values()

    def _empty(self, first: Letter) -> Split:
        payload = {
            "file": first.file,
            "offset": first.offset,
            "entry": self.config.entries[first.step],
            "lines": [],
            "attempts": [],
        }
        return Split(f"{first.file}, from line {first.line}", payload)

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The record of each letter; what is no record any more is unreadable."""
        payload = split.payload
        lines, staged = payload["lines"], Entry(*payload["entry"]).staged
        with store_of(self.config.root).open(payload["file"]) as stream:
            stream.seek(payload["offset"])
            at = lines[0]
            for line in lines:
                for _ in range(line - at):
                    stream.readline()
                at = line + 1
                yield _record(stream.readline(), f"{payload['file']}, line {line}", staged)


def entry_values(entries: dict[str, Entry]) -> dict[str, Any]:
    """``entries`` as the source's configuration has them."""
    return {step: astuple(entry) for step, entry in entries.items()}


def _record(text: bytes, where: str, staged: bool) -> Record | Unreadable:
    record = DeadLetter.from_line(text).record or b""
    if staged:
        return from_json(record)  # type: ignore[no-any-return]  # the stage's own line, an object
    try:
        return decode(record)
    except RecordError as error:
        return Unreadable(where, error.message, record)
