"""Publishing: hand staged files to a bulk sink, and note what came of each.

``published/<id>.json`` is written when a file is done, so a run that goes on publishes the rest.
It names the lines that were put off, which come again after all files (see ``deferred``). A
staged file is never removed because its publishing failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beam_ingest.api.bulk_sink import MOVED_EVERY, BulkSink, StagedFile
from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Skipped, Unchanged, Written
from beam_ingest.flow.dead_letter import RAISED, DeadLetter, reason_of
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, Published
from beam_ingest.flow.origin import Origin, with_origin
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.retry import RetryPolicy, retrying
from beam_ingest.flow.settle import LineWriter
from beam_ingest.flow.step import StepFn
from beam_ingest.flow.store import Store

_ANEW = "the run directory was changed; run the workflow as a new run, without --resume"


class PublishFn(StepFn):
    """``Chunk`` -> nothing; up to ``beam.concurrency`` files are published at once."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer.target)
        self.writer = writer

    def setup(self) -> None:
        """On the worker: threads for the files."""
        super().setup()
        self._pool = ThreadPoolExecutor(
            self.plan.settings.concurrency, thread_name_prefix=f"publish {self.spec.step}"
        )
        self._flying: set[Future[None]] = set()

    def process(self, chunk: Chunk) -> Iterator[None]:
        """Publish a file, unless that was done."""
        if len(self._flying) >= self.plan.settings.concurrency:
            done, self._flying = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        self._flying.add(self._pool.submit(self._publish, chunk))
        yield from ()

    def finish_bundle(self) -> None:
        """Wait for the files under way."""
        flying, self._flying = self._flying, set()
        for future in wait(flying).done:
            future.result()
        super().finish_bundle()

    def teardown(self) -> None:
        """End the threads."""
        if hasattr(self, "_pool"):
            self._pool.shutdown(wait=True, cancel_futures=True)
        super().teardown()

    def _publish(self, chunk: Chunk) -> None:
        if self.worker.is_stopping():
            return
        known = self.run.published(chunk.id)
        if known is not None and known.state == "done" and known.file == chunk.file:
            return
        self.worker.at(chunk.id, self.spec.step, patient=True)
        try:
            published = publish_file(
                self.component,
                self.run.store,
                self.writer,
                chunk,
                self.worker.wait,
                RetryPolicy(),
                self.worker.moved,
            )
        except PublishFailed as failure:
            if isinstance(failure.error, FatalError):
                self.worker.fatal(failure.error)
            published = Published(chunk.id, chunk.file, self.writer.name, "failed")
            published.error = reason_of(failure.error)
            published.ledger = _all_failed(self.spec.step, chunk, published.error)
        except OSError as error:
            self.worker.disk_failed(error)
            return
        try:
            self.run.write_published(published)
        except OSError as error:
            self.worker.disk_failed(error)
            return
        counts = published.ledger.step(self.spec.step)
        self.worker.count(self.spec.step, chunk.count, counts.passed, counts.failed)


class PublishFailed(Exception):
    """A bulk sink raised ``error``: the file is not published, or not known to be."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def publish_file(
    component: Callable[[], Any],
    store: Store,
    writer: Writer,
    chunk: Chunk,
    wait: Callable[[float], bool],
    policy: RetryPolicy,
    moved: Callable[[], None] = lambda: None,
) -> Published:
    """Publish a staged file; what was rejected and what was put off is durable.

    ``moved`` is called as it makes progress.

    Raises ``PublishFailed`` for whatever the bulk sink raises, ``OSError`` where the disk refuses.
    """
    file = staged_file(store, chunk, moved)
    try:
        _check_whole(store, chunk)
        sink: BulkSink = component()
        outcomes = retrying(lambda: _outcomes(sink.publish(file), file), wait, policy)
    except RAISED as error:  # whatever a bulk sink raises fails the file, which stays
        raise PublishFailed(error) from error
    published = Published(chunk.id, chunk.file, writer.name, "done")
    published.notes = sorted(file.notes)
    _settle(store, writer.target.step, published, file, chunk.origins, outcomes)
    return published


def _check_whole(store: Store, chunk: Chunk) -> None:
    """Raise ``IngestError`` where a staged file of this machine is gone, or is not as it was."""
    path = store.path(chunk.file)
    if "://" in path:
        return  # an object is replaced as a whole, and asking for each is a request more
    try:
        found = Path(path).stat().st_size
    except FileNotFoundError:
        raise IngestError(f"the staged file {path} is gone", hint=_ANEW) from None
    if found != chunk.size:
        raise IngestError(
            f"the staged file {path} has {found} bytes, and had {chunk.size} when it was staged",
            hint=_ANEW,
        )


def _settle(
    store: Store,
    step: str,
    published: Published,
    file: StagedFile,
    origins: list[list[Any]] | None,
    outcomes: _Outcomes,
) -> None:
    rejected = outcomes.rejected
    dead = LineWriter(store, f"dead/{file.id}.{step}.jsonl")
    deferred = LineWriter(store, f"deferred/{file.id}.jsonl")
    try:
        for number, line in enumerate(file.lines() if outcomes.unsettled else ()):
            origin = Origin(*origins[number]) if origins else None
            if number in outcomes.deferred:
                deferred.add(with_origin(line, origin) + b"\n")
            elif number in rejected:
                letter = DeadLetter.of_line(step, rejected[number], line)
                dead.add(letter.again(origin).to_line(file.id))
                published.ledger.reason(step, letter.reason, letter.name)
        published.dead, published.deferred = dead.finish(), deferred.finish()
    except BaseException:
        dead.abandon()
        deferred.abandon()
        raise
    counts = published.ledger.step(step)
    counts.in_, counts.failed, counts.unchanged = file.count, len(rejected), outcomes.unchanged
    counts.filtered = sum(outcomes.skipped.values())
    for why, skipped in outcomes.skipped.items():
        published.ledger.dropped(step, why, skipped)
    counts.passed = file.count - len(rejected) - counts.filtered
    counts.out = counts.passed - len(outcomes.deferred)


def staged_file(store: Store, chunk: Chunk, moved: Callable[[], None] = lambda: None) -> StagedFile:
    """What a bulk sink is handed of a chunk."""
    path = store.path(chunk.file)
    return StagedFile(chunk.id, path, chunk.count, lambda: store.open(chunk.file), moved=moved)


@dataclass(slots=True)
class _Outcomes:
    """Those of a file: rejected lines by number with their reasons, deferred ones, unchanged,
    and how many were skipped for which reason."""

    rejected: dict[int, str] = field(default_factory=dict)
    deferred: set[int] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0

    @property
    def unsettled(self) -> bool:
        return bool(self.rejected or self.deferred)


def _outcomes(answer: Iterable[Outcome] | None, file: StagedFile) -> _Outcomes:
    found = _Outcomes()
    seen = 0
    if answer is None:
        return found
    for number, outcome in enumerate(answer):
        seen += 1
        if not number % MOVED_EVERY:
            file.moved()
        if isinstance(outcome, Rejected):
            found.rejected[number] = outcome.why
        elif isinstance(outcome, Skipped):
            found.skipped[outcome.why] += 1
        elif isinstance(outcome, Deferred):
            found.deferred.add(number)
        elif isinstance(outcome, Unchanged):
            found.unchanged += 1
        elif not isinstance(outcome, Written):
            raise IngestError(f"the bulk sink gave {outcome!r} where an outcome was expected")
    if seen != file.count:
        raise IngestError(f"the bulk sink gave {seen} outcomes for a file of {file.count} lines")
    return found


def _all_failed(step: str, chunk: Chunk, error: str) -> Ledger:
    ledger = Ledger()
    counts = ledger.step(step)
    counts.in_ = counts.failed = chunk.count
    ledger.reason(step, error, chunk.id, count=chunk.count)
    return ledger
