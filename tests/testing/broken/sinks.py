"""Good sinks into a folder, one file a record, and broken ones."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Batch, ConfigModel, Outcome, Rejected, Retired, Scope, Sink, Written
from beam_ingest.api.codec import encode
from beam_ingest.api.fqn import parent_of
from beam_ingest.testing import SinkSuite
from beam_ingest.testing.records import sample_tables
from tests.testing.broken.bite import caught_by, passes

SYSTEMS: set[str] = set()
BAD = [table.model_copy(update={"name": "bad"}) for table in sample_tables(2)]


class Suite(SinkSuite):
    own_process = False
    rejects = BAD

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        system = tmp_path / "system"
        system.mkdir()
        SYSTEMS.add(str(system))
        return {"path": str(system)}

    def stored(self, sink: Any) -> Any:
        return [json.loads(file.read_bytes()) for file in Path(sink.config.path).glob("*.json")]


@passes(Suite, own_process=True)
class GoodSink(Sink):
    class Config(ConfigModel):
        path: str

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        return [self.write_one(record) for record in batch.records]

    def write_one(self, record: Any) -> Outcome:
        if record.name == "bad":
            return Rejected("bad")
        self.file(record.fqn).write_bytes(encode(record))
        return Written()

    def retire(self, scope: Scope) -> Retired | None:
        gone = scope.gone(self.held(scope))
        for fqn in gone:
            self.file(fqn).unlink()
        return Retired(len(gone))

    def held(self, scope: Scope) -> list[str]:
        names = [file.stem for file in Path(self.config.path).glob("*.json")]
        return [name for name in names if parent_of(name) == scope.fqn]

    def file(self, name: str) -> Path:
        return Path(self.config.path, f"{name}.json")


@passes(Suite)
class GoodHiddenSink(GoodSink):
    """Writes beside, and shows what it wrote at commit."""

    def begin(self) -> Any:
        self.hidden(self.context.run_id).mkdir(exist_ok=True)
        return {"run": self.context.run_id}

    def file(self, name: str) -> Path:
        return self.hidden(self.context.run_id) / f"{name}.json"

    def commit(self, token: Any) -> None:
        for file in sorted(self.hidden(token["run"]).glob("*.json")):
            file.replace(Path(self.config.path, file.name))
        self.remove(token)

    def abort(self, token: Any) -> None:
        self.remove(token)

    def retire(self, scope: Scope) -> Retired | None:
        gone = scope.gone(self.held(scope))
        for fqn in gone:
            Path(self.config.path, f"{fqn}.json").unlink()
        return Retired(len(gone))

    def remove(self, token: Any) -> None:
        folder = self.hidden(token["run"])
        for file in folder.glob("*"):
            file.unlink()
        if folder.exists():
            folder.rmdir()

    def hidden(self, run_id: str) -> Path:
        return Path(self.config.path, f"hidden-{run_id}")


@passes(Suite, rejects=())
class GoodSilentSink(GoodSink):
    """Answers nothing, which means that all is written."""

    def write(self, batch: Batch) -> None:
        super().write(batch)


@passes(Suite)
class GoodRaisingSink(GoodSink):
    """Raises where a record is bad, so that the framework looks for it."""

    def write_one(self, record: Any) -> Outcome:
        if record.name == "bad":
            raise ValueError("a bad record")
        return super().write_one(record)


@caught_by(
    Suite, "one_outcome_a_record", "outcomes_are_in_the_order_of_the_records",
    "sending_again_has_the_same_effect", "commit_may_come_again", "abort_may_come_again",
    "a_complete_listing_retires_nothing", "what_a_listing_does_not_name_is_retired",
    "retiring_too_much_is_refused", "several_threads_may_write",
    "a_retrying_runner_has_the_same_effect",
)  # fmt: skip
class AnswersTooFew(GoodSink):
    def write(self, batch: Batch) -> Iterable[Outcome]:
        return list(super().write(batch) or ())[:-1]


@caught_by(
    Suite, "one_outcome_a_record", "outcomes_are_in_the_order_of_the_records",
    "sending_again_has_the_same_effect", "commit_may_come_again", "abort_may_come_again",
    "a_complete_listing_retires_nothing", "what_a_listing_does_not_name_is_retired",
    "retiring_too_much_is_refused", "several_threads_may_write",
    "a_retrying_runner_has_the_same_effect",
)  # fmt: skip
class AnswersTrue(GoodSink):
    def write(self, batch: Batch) -> Any:
        return [True for _ in super().write(batch) or ()]


@caught_by(Suite, "outcomes_are_in_the_order_of_the_records")
class AnswersRejectedLast(GoodSink):
    def write(self, batch: Batch) -> Iterable[Outcome]:
        return sorted(super().write(batch) or (), key=lambda outcome: outcome != Written())


@caught_by(Suite, "sending_again_has_the_same_effect", "several_threads_may_write",
           "a_retrying_runner_has_the_same_effect")  # fmt: skip
class Appends(GoodSink):
    """The same batch again doubles it."""

    retire = Sink.retire

    def file(self, name: str) -> Path:
        folder = Path(self.config.path)
        return folder / f"{name}-{len(list(folder.iterdir()))}.json"


@caught_by(Suite, "a_retrying_runner_has_the_same_effect", "several_threads_may_write")
class NamesRecordsByTheirBatch(GoodSink):
    retire = Sink.retire

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        self.part = batch.id.partition("/")[2]
        return super().write(batch)

    def file(self, name: str) -> Path:
        return super().file(f"{self.part}-{name}")


@caught_by(Suite, "sending_again_has_the_same_effect", "several_threads_may_write",
           "a_retrying_runner_has_the_same_effect")  # fmt: skip
class AppendsWhatAnotherInstanceWrote(Appends):
    def open(self) -> None:
        self.written: set[str] = set()

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        if batch.id in self.written:
            return None
        self.written.add(batch.id)
        return super().write(batch)


@caught_by(Suite, "sending_again_has_the_same_effect", "what_a_listing_does_not_name_is_retired",
           "retiring_too_much_is_refused")  # fmt: skip
class StoresNothing(GoodSink):
    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        return [Rejected("bad") if r.name == "bad" else Written() for r in batch.records]  # type: ignore[union-attr]


@caught_by(Suite, "records_are_not_changed")
class MarksItsRecords(GoodSink):
    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        outcomes = super().write(batch)
        for record in batch.records:
            record.description = "written"  # type: ignore[union-attr]
        return outcomes


@caught_by(Suite, "several_threads_may_write", records=list(sample_tables(4)))
class ForOneThread(GoodSink):
    """Two threads meet between its two steps, and one takes the other's record."""

    def open(self) -> None:
        self.both = threading.Barrier(2)

    def write_one(self, record: Any) -> Outcome:
        self.current = record
        if threading.current_thread() is not threading.main_thread():
            self.both.wait(timeout=30)
        return super().write_one(self.current)


@caught_by(Suite, "several_threads_may_write")
class ForTheThreadThatOpenedIt(GoodSink):
    """As a connection of SQLite is."""

    def open(self) -> None:
        self.thread = threading.get_ident()

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        if threading.get_ident() != self.thread:
            raise RuntimeError("made in another thread")
        return super().write(batch)


@caught_by(Suite, "what_another_process_sends_is_stored", own_process=True)
class KnowsItsSystemFromTheTest(GoodSink):
    """Its system is in the memory of the process that started the run."""

    def write_one(self, record: Any) -> Outcome:
        return super().write_one(record) if self.config.path in SYSTEMS else Written()


_COUNT = itertools.count()


@caught_by(Suite, "begin_gives_the_same_token_again", "rebuilt_elsewhere_it_does_the_same")
class AnotherTokenEachTime(GoodHiddenSink):
    def begin(self) -> Any:
        return {**super().begin(), "attempt": next(_COUNT)}


@caught_by(Suite, "begin_gives_the_same_token_again")
class TokenHoldsATuple(GoodHiddenSink):
    def begin(self) -> Any:
        return {**super().begin(), "parts": ("a", "b")}


@caught_by(Suite, "commit_may_come_again")
class CommitsOnce(GoodHiddenSink):
    def commit(self, token: Any) -> None:
        if not self.hidden(token["run"]).exists():
            raise RuntimeError("there is no such run")
        super().commit(token)


@caught_by(Suite, "abort_may_come_again")
class AbortsOnce(GoodHiddenSink):
    def abort(self, token: Any) -> None:
        if not self.hidden(token["run"]).exists():
            raise RuntimeError("there is no such run")
        super().abort(token)


@caught_by(Suite, "abort_may_come_again")
class ShowsWhatWasAborted(GoodHiddenSink):
    def abort(self, token: Any) -> None:
        self.commit(token)


@caught_by(Suite, "a_complete_listing_retires_nothing", "what_a_listing_does_not_name_is_retired",
           "retiring_too_much_is_refused")  # fmt: skip
class RetiresAllItHolds(GoodSink):
    def retire(self, scope: Scope) -> Retired | None:
        gone = self.held(scope)
        for fqn in gone:
            self.file(fqn).unlink()
        return Retired(len(gone))


@caught_by(Suite, "what_a_listing_does_not_name_is_retired")
class SaysThatItRetires(GoodSink):
    def retire(self, scope: Scope) -> Retired | None:
        return Retired(len(scope.gone(self.held(scope))))


@caught_by(Suite, "retiring_too_much_is_refused")
class RetiresAnyShare(GoodSink):
    def retire(self, scope: Scope) -> Retired | None:
        gone = set(self.held(scope)) - set(scope.names)
        for fqn in gone:
            self.file(fqn).unlink()
        return Retired(len(gone))
