"""Replay: a run of its own whose source is dead letters; the ones that pass are noted.

A letter has passed when nothing of it failed again: its split was settled, what came of it was
written or published, and the writers have committed. That is read from the replay's own run
directory at its end and noted in the directory of the run that was replayed, by one step: a
replay that is killed has passed nothing, and what it has written is written again.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.report import Report
from beam_ingest.api.stage import Stage
from beam_ingest.flow.batch import SplitRef
from beam_ingest.flow.dead_letter_source import DeadLetterSource, entry_values
from beam_ingest.flow.letters import Letters, dead_files, note_passed
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.origin import Entry
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.staged_files import published

STEP = "(dead letters)"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay: ``report`` is None where no letter could be replayed.

    ``passed`` and ``failed`` are letters, of those that were replayed; ``lost`` are letters that
    cannot be: there is no whole record in them.
    """

    report: Report | None
    passed: int
    failed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that may run: ``plan`` is None where no letter is left that can be replayed."""

    letters: Letters
    plan: Plan | None
    count: int
    lost: int

    def nothing(self) -> Replayed:
        """What comes of it where there is nothing to run."""
        return Replayed(None, 0, 0, self.lost)

    def settle(self, report: Report) -> Replayed:
        """Note the letters that have passed; what came of them all."""
        plan = self.plan
        assert plan is not None  # noqa: S101 - there is no report without one
        done = passed(plan, RunDir(plan.run_dir))
        count = sum(map(len, done.values()))
        if self.letters.run is not None and count:
            note_passed(self.letters.run, plan.run_id, plan.run_dir, done)
        return Replayed(report, count, self.count - count, self.lost)


def replay_of(plan: Plan, letters: Letters, step: str | None = None) -> Replay:
    """The replay of ``letters`` (of ``step``, where given) through the workflow of ``plan``.

    Only the writers that have letters to write are part of it. Raises ``CannotStart`` where the
    workflow has no step of a letter's name, or the records alone would replace the whole.
    """
    entries = entries_of(plan)
    counts: Counter[str] = Counter()
    lost = 0
    for letter in letters:
        if step in (None, letter.step):
            counts[letter.step] += letter.has_record
            lost += not letter.has_record
    counts += Counter()  # without the steps whose letters are all lost
    unknown = sorted(set(counts) - set(entries))
    if unknown:
        raise CannotStart(
            f"{letters.place} has dead letters of steps that the workflow does not have: "
            f"{', '.join(unknown)}",
            hint=f"its steps are: {', '.join(entries)}; name in a step of the workflow keeps a "
            "step's name",
        )
    if not counts:
        return Replay(letters, None, 0, lost)
    used = [entries[name] for name in counts]
    names = {entry.writer for entry in used}
    writers = tuple(w for w in plan.writers if None in names or w.name in names)
    for writer in writers:
        _check(writer, [entry for entry in used if entry.writer in (None, writer.name)])
    config = DeadLetterSource.Config(
        root=letters.store.root,
        files=letters.files,
        whole_run=letters.run is not None,
        entries=entry_values(entries),
        step=step,
    )
    cls = DeadLetterSource
    source = ComponentSpec(
        "source", f"{cls.__module__}.{cls.__qualname__}", STEP,
        config.model_dump_json(by_alias=True), plan.source.context,
    )  # fmt: skip
    replaying = replace(plan, source=source, writers=writers, replays=letters.place)
    return Replay(letters, replaying, counts.total(), lost)


def entries_of(plan: Plan) -> dict[str, Entry]:
    """Where the letters of each step of ``plan`` re-enter; the source's letters are no records."""
    entries = {spec.step: Entry(number) for number, spec in enumerate(plan.processors)}
    behind = len(plan.processors)
    for writer in plan.writers:
        entry = Entry(behind, writer.name)
        if writer.sink is not None:
            entries |= {writer.sink.step: entry, deferred_step(writer): entry}
        if writer.stage is not None:
            entries[writer.stage.step] = entry
        if writer.bulk is not None:
            staged = replace(entry, staged=True)
            entries |= {writer.bulk.step: staged, deferred_step(writer): staged}
    return entries


def passed(plan: Plan, run: RunDir) -> dict[str, list[int]]:
    """The lines, by file, of which nothing failed in the replay ``run``."""
    if any(run.token(writer.name)[0] != "committed" for writer in plan.writers):
        return {}
    again = set()
    for letter in Letters(run.store, dead_files(run), run.store.root, run):
        origin = letter.value["origin"]
        again.add((origin["file"], origin["line"]))
    lines: dict[str, list[int]] = {}
    for ref in run.splits():
        if ref.payload and all(_is_done(run, ref, writer) for writer in plan.writers):
            file = ref.payload["file"]
            good = [line for line in ref.payload["lines"] if (file, line) not in again]
            lines.setdefault(file, []).extend(good)
    return {file: good for file, good in lines.items() if good}


@contextlib.contextmanager
def locked(letters: Letters) -> Iterator[None]:
    """Hold the lock of the run that is replayed: no other replay of it, and no resume.

    Raises ``CannotStart`` where it is not free. A file by itself has none.
    """
    if letters.run is None:
        yield
        return
    lock = RunLock(letters.run)
    try:
        lock.take()
    except OSError as error:
        raise CannotStart(
            f"{letters.place} cannot be written, so what passes cannot be noted there: "
            f"{error.strerror or error}",
            hint="replay a copy of its files of dead letters, which notes nothing",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _is_done(run: RunDir, ref: SplitRef, writer: Writer) -> bool:
    """Whether a writer has settled a split, and has published what it staged of it."""
    mark = run.mark(ref, writer.name)
    if mark is None or mark.state != "done":
        return False
    notes = published(run, mark.chunks)
    return all(note is not None and note.state == "done" for note in notes)


def _check(writer: Writer, entries: list[Entry]) -> None:
    """Refuse what would put a handful of records in place of the whole."""
    replaced = writer.target.build().replaces()
    if replaced is not None:
        raise CannotStart(
            f"{writer.target.step}: the records of a replay alone would replace {replaced}",
            hint="give them an output of their own with --set, or run the workflow as a whole",
        )
    whole = all(entry.staged for entry in entries)
    if writer.stage is not None and not whole and _combines(writer.stage):
        raise CannotStart(
            f"{writer.stage.step} combines records by key: what comes of the records of a "
            "replay alone would replace what came of all",
            hint="run the workflow as a whole; what the bulk sink has rejected can be "
            f"replayed, with --step {writer.target.step!r}",
        )


def _combines(stage: ComponentSpec) -> bool:
    cls: Any = stage.load()
    return cls.keyed is not Stage.keyed
