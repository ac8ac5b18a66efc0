"""Panes: claimed by number, published until that is done, settled, acknowledged without a gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import (
    Deferred,
    FatalError,
    Outcome,
    Rejected,
    Split,
    StagedFile,
    StreamSource,
    TransientError,
    Written,
)
from beam_ingest.flow import worker as workers
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.journal import Journal
from beam_ingest.flow.stream.pane import Panes
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.windows import Pane, Windows
from tests.flow.scripted import (
    KeyedStage,
    counts_of,
    letters,
    names,
    plan_of,
    sink,
    spec,
    staged,
    stop_of,
)

WINDOWS = Windows(size=1000)
TOLD: list[Any] = []


class Told(StreamSource):
    """Remembers what it was told."""

    def acknowledge(self, partition: Split, position: Any) -> None:
        if TOLD and TOLD[0] == "away":
            TOLD.pop()
            raise TransientError("away")
        TOLD.append(position)


def pane(*numbers: int, start: int = 0, polls: int = 100, **more: Any) -> Pane:
    """Messages, each poll of so many numbers."""
    parcels = []
    for since in sorted({n // polls * polls for n in numbers}):
        mine = [n for n in numbers if since <= n < since + polls]
        lines = [b'{"name":"r%d"}' % n for n in mine]
        until = since + polls
        absent = more.get("absent", [])
        parcel = Parcel(since, until, f"after {until}", absent, mine, lines)
        parcel.late = list(more.get("late", ()))
        parcel.too_late = list(more.get("late", ()))
        parcels.append(parcel.to_bytes())
    return Pane("p", start, parcels)


class Case:
    """A plan with the journal of one partition, and what was published."""

    def __init__(self, root: Path, hooks: Any, *writers: Any, windows: Windows = WINDOWS) -> None:
        self.plan = self.plan_with(root, *writers)
        self.run = RunDir(self.plan.run_dir)
        Journal("p", Split("p"), None).write(self.run)
        self.windows = windows
        self.published: list[tuple[str, list[str]]] = []
        TOLD.clear()
        hooks["publish"] = self.publish

    def plan_with(self, root: Path | str, *writers: Any) -> Plan:
        return plan_of(root, *writers, source=spec(Told, "source", "src"))

    def publish(self, file: StagedFile) -> None:
        self.published.append((file.id, [r["name"] for r in file.records()]))  # type: ignore[index]

    def take(self, *panes: Pane) -> None:
        """In a worker process of its own, so to say."""
        worker = workers.enter(self.plan.run_dir, None)
        taker = Panes(self.plan, self.windows, self.run, worker)
        try:
            taker.finish("p")
            for one in panes:
                taker.take(one)
        finally:
            taker.close()
            workers.leave(worker)

    @property
    def journal(self) -> Journal:
        found = Journal.read(self.run, "p")
        assert found is not None
        return found

    def names(self) -> list[str]:
        return [name for _, made in self.published for name in made]


@pytest.fixture
def case(tmp_path: Path, hooks: Any) -> Iterator[Case]:
    yield Case(tmp_path, hooks, staged())


def test_a_pane_that_comes_again_counts_once(case: Case) -> None:
    case.take(pane(0, 1, 2), pane(0, 1, 2))
    case.take(pane(0, 1, 2))
    assert case.names() == ["r0", "r1", "r2"]
    assert counts_of(case.journal.tally.ledger, "src") == [3, 3, 0, 0, 3, 0]


def test_of_panes_that_overlap_only_what_is_new_is_published(case: Case) -> None:
    case.take(pane(0, 1, 2), pane(1, 2, 3, start=5000), pane(0, 4))
    assert case.names() == ["r0", "r1", "r2", "r3", "r4"]
    assert [id_.split("-")[:2] for id_, _ in case.published] == [
        ["000000000000000", "0000000"], ["000000000005000", "0000001"],
        ["000000000000000", "0000002"],
    ]  # fmt: skip


def test_a_claim_is_published_as_it_is_whatever_comes_instead(case: Case, hooks: Any) -> None:
    def refuse(file: StagedFile) -> None:
        raise RuntimeError("refused")

    hooks["publish"] = refuse
    case.take(pane(0, 1))
    assert stop_of(case.plan)["reason"] == "a window cannot be published: RuntimeError: refused"
    assert (case.journal.settled.to_json(), TOLD) == ([], [])

    hooks["publish"] = case.publish
    case.run.store.remove(["stop"])
    case.take(pane(0, 1, 2, polls=3))
    assert [made for _, made in case.published] == [["r0", "r1"], ["r2"]]
    assert TOLD == ["after 3"]


@pytest.mark.parametrize(
    "writers", [[sink()], [sink("bulk")], [staged("bulk", KeyedStage)], [staged(), sink()]]
)
def test_a_claim_for_other_writers_is_taken_back(
    case: Case, hooks: Any, writers: list[Any]
) -> None:
    def refuse(file: StagedFile) -> None:
        raise RuntimeError("refused")

    hooks["publish"] = refuse
    case.take(pane(0, 1))
    assert case.run.store.names("staged/bulk") != []

    hooks["publish"] = case.publish
    case.run.store.remove(["stop"])
    case.plan = case.plan_with(case.plan.run_dir, *writers)
    case.take()
    assert stop_of(case.plan) == {}
    assert case.journal.claim is None
    assert (case.journal.settled.to_json(), case.published) == ([], [])
    assert case.run.store.names("staged/bulk") == []
    assert case.journal.tally.ledger.steps == {}


def test_a_claim_is_published_to_the_writers_that_are_left(case: Case, hooks: Any) -> None:
    def refuse(file: StagedFile) -> None:
        raise RuntimeError("refused")

    case.plan = case.plan_with(case.plan.run_dir, staged(), staged("gone"))
    hooks["publish"] = refuse
    case.take(pane(0, 1, polls=2))
    hooks["publish"] = case.publish
    case.run.store.remove(["stop"])
    case.plan = case.plan_with(case.plan.run_dir, staged())
    case.take()
    assert (case.names(), TOLD) == (["r0", "r1"], ["after 2"])


def test_only_what_is_published_without_a_gap_is_acknowledged(case: Case) -> None:
    case.take(pane(3, 4, 5, polls=3))
    assert TOLD == []
    case.take(pane(6, polls=3), pane(0, 1, polls=3))
    assert TOLD == []
    case.take(pane(2, polls=3))
    assert TOLD == ["after 6"]


def test_numbers_that_no_message_has_are_no_gap(case: Case) -> None:
    case.take(pane(7, polls=8, absent=[[0, 7]]))
    assert TOLD == ["after 8"]


def test_a_source_that_is_away_is_told_later(case: Case) -> None:
    TOLD.append("away")
    case.take(pane(*range(3), polls=3))
    assert TOLD == []
    case.take()
    assert TOLD == ["after 3"]


def test_a_server_that_is_away_holds_the_run_up_and_costs_nothing(
    case: Case, hooks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [TransientError("503")] * 9

    def publish(file: StagedFile) -> None:
        if away:
            raise away.pop()
        case.publish(file)

    hooks["publish"] = publish
    monkeypatch.setattr(workers.Worker, "wait", lambda self, seconds: False)
    case.take(pane(0))
    assert case.names() == ["r0"]
    assert stop_of(case.plan) == {}


def test_what_is_refused_for_good_is_a_dead_letter(case: Case, hooks: Any) -> None:
    def publish(file: StagedFile) -> Iterable[Outcome]:
        yield from (Rejected("no"), Written())

    hooks["publish"] = publish
    case.take(pane(0, 1))
    (dead,) = case.journal.tally.dead
    assert [(letter.name, letter.reason) for letter in letters(case.plan, dead.file)] == [
        ("r0", "no")
    ]
    assert counts_of(case.journal.tally.ledger, "bulk") == [2, 1, 0, 1, 1, 0]


def test_one_that_is_too_late_is_published_or_a_dead_letter(tmp_path: Path, hooks: Any) -> None:
    case = Case(tmp_path / "a", hooks, staged())
    case.take(pane(0, 1, late=[1]))
    assert (case.names(), case.journal.tally.too_late) == (["r0", "r1"], 1)

    case = Case(tmp_path / "b", hooks, staged(), windows=Windows(size=1000, late="deadLetter"))
    case.take(pane(0, 1, late=[1]))
    assert (case.names(), case.journal.tally.too_late) == (["r0"], 1)
    (dead,) = case.journal.tally.dead
    assert letters(case.plan, dead.file)[0].name == "r1"
    assert "too late" in letters(case.plan, dead.file)[0].reason


def test_what_a_sink_puts_off_is_offered_again_when_the_window_has_closed(
    tmp_path: Path, hooks: Any
) -> None:
    case = Case(tmp_path, hooks, sink())
    written: list[str] = []

    def write(batch: Any) -> list[Outcome]:
        out: list[Outcome] = []
        for name in names(batch):
            waits = (name == "r0" and "r1" not in written) or name == "r2"
            out.append(Deferred("needs another") if waits else Written())
            written.extend([] if waits else [name])
        return out

    hooks["write"] = write
    case.take(pane(0, 1, 2))
    assert written == ["r1", "r0"]
    ledger = case.journal.tally.ledger
    step = case.plan.writers[0].target.step
    assert counts_of(ledger, step) == [3, 3, 0, 0, 1, 0]
    assert counts_of(ledger, f"{step} (deferred)") == [2, 1, 0, 1, 1, 0]


def test_a_fatal_sink_stops_the_run_and_nothing_is_settled(tmp_path: Path, hooks: Any) -> None:
    case = Case(tmp_path, hooks, sink())

    def write(batch: Any) -> None:
        raise FatalError("wrong password")

    hooks["write"] = write
    case.take(pane(0))
    assert stop_of(case.plan)["exitCode"] == 3
    assert (case.journal.settled.to_json(), TOLD) == ([], [])


def test_the_journal_keeps_its_format(case: Case) -> None:
    case.take(pane(0, 1, polls=2))
    assert case.run.store.read("partitions/p.json") == (
        b'{"key":"p","payload":{},"start":null,"settled":[[0,2]],"polls":[],'
        b'"acknowledged":[2,"after 2"],"told":2,"claim":null,"tally":{"ledger":{"steps":'
        b'{"src":[2,2,0,0,2,0],"bulk (stage)":[2,2,0,0,2,0],"bulk":[2,2,0,0,2,0]},'
        b'"reasons":[],"drops":[]},"late":0,"tooLate":0,"panes":1,"files":1,"deadLetters":0,'
        b'"dead":[]}}'
    )


def test_each_pane_has_a_report_and_staged_files_go(case: Case) -> None:
    case.take(pane(0, 1), pane(2, start=1000))
    assert case.run.store.names("windows") == ["p.00000000.json", "p.00000001.json"]
    assert case.run.store.names("staged/bulk") == []
