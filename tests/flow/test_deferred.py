"""Deferred records: offered in waves for as long as a wave settles any, then given up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Batch, Deferred, FatalError, Outcome, Rejected, Unchanged, Written
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import Table
from beam_ingest.flow import waves
from beam_ingest.flow.deferred import DeferredFn
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from beam_ingest.flow.store import LocalStore
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    batch,
    bundle,
    counts_of,
    letters,
    mark_of,
    plan_of,
    records,
    set_up,
)

Hooks = dict[str, Callable[..., Any]]

REF = split_ref(DEFERRED, 0, {})
STEP = "out (deferred)"


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks) -> Plan:
    return plan_of(tmp_path)


def put_off(plan: Plan, hooks: Hooks, *made: Any, split: int = 1) -> None:
    """Have the sink put off ``made``, in a split of their own."""
    run = RunDir(plan.run_dir)
    listing = run.listing() or {"splits": []}
    listing = {"error": None, "splits": [*listing["splits"], [f"part/{split}", {}]], "scopes": []}
    run.store.write("splits.json", json.dumps(listing).encode())
    hooks["write"] = lambda batch: [Deferred("later")] * len(batch.records)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, list(made), ref=split_ref(f"part/{split}", split, {}), last=True))
    del hooks["write"]


def settle_all(plan: Plan) -> Mark | None:
    with set_up(DeferredFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, None) == []
    return mark_of(plan, REF)


def settled(plan: Plan) -> Mark:
    mark = settle_all(plan)
    assert mark is not None
    return mark


def names(batch: Batch) -> list[str]:
    return [record["name"] for record in batch.records]  # type: ignore[index]


class Chain:
    """A sink in which every record needs the one before it, and takes one a request."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.waves: list[tuple[int, list[str], str]] = []

    def __call__(self, batch: Batch) -> list[Any]:
        self.waves.append((batch.wave, names(batch), batch.id))
        before, outcomes = len(self.stored), list[Outcome]()
        for name in names(batch):
            if len(self.stored) == before and name == f"r{before}":
                self.stored.append(name)
                outcomes.append(Written())
            else:
                outcomes.append(Deferred(f"needs r{before}"))
        return outcomes


def test_without_deferred_records_there_is_nothing_to_do(plan: Plan) -> None:
    assert settle_all(plan) is None


def test_what_was_put_off_is_offered_after_all_splits(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(2), split=1)
    put_off(plan, hooks, *records(1, 2), split=2)
    offered: list[Batch] = []
    hooks["write"] = offered.append
    mark = settled(plan)
    (one,) = offered
    assert (names(one), one.wave, one.id) == (["r0", "r1", "r2"], 1, f"r1/{REF.id}/1/0")
    assert (mark.state, mark.split) == ("done", DEFERRED)
    assert counts_of(mark.ledger, STEP) == [3, 3, 0, 0, 3, 0]


def test_waves_go_on_while_any_record_is_settled(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(3))
    chain = hooks["write"] = Chain()
    mark = settled(plan)
    assert chain.stored == ["r0", "r1", "r2"]
    assert [(wave, len(made)) for wave, made, _ in chain.waves] == [(1, 3), (2, 2), (3, 1)]
    assert len({id_ for _, _, id_ in chain.waves}) == 3
    assert counts_of(mark.ledger, STEP) == [3, 3, 0, 0, 3, 0]


def test_what_no_wave_settles_becomes_dead_letters_with_the_last_reason(
    plan: Plan, hooks: Hooks
) -> None:
    put_off(plan, hooks, *records(4))

    def write(batch: Batch) -> list[Any]:
        return [
            Unchanged() if name == "r0" else Deferred(f"{name} needs x in wave {batch.wave}")
            for name in names(batch)
        ]

    hooks["write"] = write
    mark = settled(plan)
    assert (mark.state, counts_of(mark.ledger, STEP)) == ("done", [4, 1, 0, 3, 1, 1])
    assert mark.dead is not None
    assert [(letter.name, letter.reason) for letter in letters(plan, mark.dead.file)] == [
        (f"r{n}", f"r{n} needs x in wave 2") for n in (1, 2, 3)
    ]


def test_a_reason_is_given_where_the_sink_gave_none(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(1))
    hooks["write"] = lambda batch: [Deferred()]
    assert set(settled(plan).ledger.reasons) == {(STEP, "put off for good")}


def test_what_is_rejected_is_a_dead_letter(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(2))
    hooks["write"] = lambda batch: [Rejected("no"), Written()]
    mark = settled(plan)
    assert counts_of(mark.ledger, STEP) == [2, 1, 0, 1, 1, 0]
    assert mark.dead is not None
    assert [letter.step for letter in letters(plan, mark.dead.file)] == [STEP]


def test_large_waves_are_offered_in_parts(
    plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "WAVE_RECORDS", 2)
    put_off(plan, hooks, *records(5))
    ids: list[str] = []
    hooks["write"] = lambda batch: ids.append(batch.id)
    assert counts_of(settled(plan).ledger, STEP) == [5, 5, 0, 0, 5, 0]
    assert ids == [f"r1/{REF.id}/1/{offset}" for offset in (0, 2, 4)]


def test_the_same_bundle_twice_offers_once(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(2))
    offered: list[Batch] = []
    hooks["write"] = offered.append
    first = settled(plan).to_bytes()
    assert settled(plan).to_bytes() == first
    assert len(offered) == 1


def test_an_entity_is_offered_as_an_entity(plan: Plan, hooks: Hooks) -> None:
    table = Table(name="t", database_schema="s.d.x", columns=[])
    put_off(plan, hooks, table)
    offered: list[Any] = []
    hooks["write"] = lambda batch: offered.extend(batch.records)
    settled(plan)
    assert offered == [table]


def test_a_record_that_cannot_be_read_back_costs_one_record(plan: Plan, hooks: Hooks) -> None:
    # Sources build entities without validation; what was written down is validated.
    odd = Table.model_construct(name="t", database_schema="s.d.x", columns=None)  # type: ignore[arg-type]
    assert encode(odd)
    put_off(plan, hooks, odd, *records(2))
    mark = settled(plan)
    assert counts_of(mark.ledger, STEP) == [3, 2, 0, 1, 2, 0]
    assert mark.dead is not None
    (letter,) = letters(plan, mark.dead.file)
    assert letter.reason.startswith("not a valid table")


class TestWhenTheRunStops:
    def test_before_nothing_is_offered(self, plan: Plan, hooks: Hooks) -> None:
        put_off(plan, hooks, *records(2))
        RunDir(plan.run_dir).request_stop("enough", 1)
        assert settle_all(plan) is None

    def test_in_a_wave_the_rest_waits_for_another_attempt(
        self, plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waves, "WAVE_RECORDS", 2)
        put_off(plan, hooks, *records(6))
        offered: list[str] = []
        with set_up(DeferredFn(plan, plan.writers[0])) as fn:

            def write(batch: Batch) -> list[Any]:
                offered.extend(names(batch))
                if len(offered) == 4:
                    fn.worker.stop()
                return [Written(), Deferred()]

            hooks["write"] = write
            bundle(fn, None)
        mark = mark_of(plan, REF)
        assert mark is not None
        assert offered == ["r0", "r1", "r2", "r3"]
        assert (mark.state, mark.error, mark.dead) == ("failed", "the run was stopped", None)
        assert counts_of(mark.ledger, STEP) == [6, 2, 0, 4, 2, 0]
        assert mark.ledger.reasons[STEP, "the run was stopped"].count == 4
        assert RunDir(plan.run_dir).store.names("deferred") == [
            name for name in RunDir(plan.run_dir).store.names("deferred") if "wave" not in name
        ]

    def test_another_attempt_offers_everything_again(self, plan: Plan, hooks: Hooks) -> None:
        put_off(plan, hooks, *records(2))

        def stop_and_defer(batch: Batch) -> list[Any]:
            raise FatalError("wrong password")

        hooks["write"] = stop_and_defer
        first = settled(plan)
        RunDir(plan.run_dir).store.remove(["stop"])
        hooks["write"] = lambda batch: None
        second = settled(plan)
        assert (first.state, first.attempt, second.state, second.attempt) == (
            "failed", 0, "done", 1,
        )  # fmt: skip
        assert counts_of(second.ledger, STEP) == [2, 2, 0, 0, 2, 0]

    def test_for_a_fatal_error_nothing_more_is_offered(
        self, plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waves, "WAVE_RECORDS", 2)
        put_off(plan, hooks, *records(6))
        offered: list[str] = []

        def write(batch: Batch) -> None:
            offered.extend(names(batch))
            raise FatalError("wrong password")

        hooks["write"] = write
        mark = settled(plan)
        assert offered == ["r0", "r1"]
        assert mark.state == "failed"
        assert counts_of(mark.ledger, STEP) == [6, 0, 0, 6, 0, 0]

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (FatalError("wrong password"), "wrong password"),
            (ConnectionError("refused"), "ConnectionError: refused"),
        ],
    )
    def test_because_open_fails_all_wait(
        self, plan: Plan, hooks: Hooks, error: Exception, reason: str
    ) -> None:
        put_off(plan, hooks, *records(2))

        def refuse() -> None:
            raise error

        hooks["open"] = refuse
        mark = settled(plan)
        assert (mark.state, mark.error) == ("failed", reason)
        assert counts_of(mark.ledger, STEP) == [2, 0, 0, 2, 0, 0]
        assert RunDir(plan.run_dir).stop() is not None

    def test_because_the_disk_is_full_there_is_no_mark(
        self, plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> Any:
            raise OSError(28, "No space left on device")

        put_off(plan, hooks, *records(2))
        hooks["write"] = lambda batch: [Rejected("no"), Deferred()]
        monkeypatch.setattr(LocalStore, "create", full)
        assert settle_all(plan) is None
        stop = RunDir(plan.run_dir).stop() or {}
        assert stop["reason"] == (
            "the run directory cannot be written: [Errno 28] No space left on device"
        )


def test_progress_counts_what_was_settled(plan: Plan, hooks: Hooks) -> None:
    put_off(plan, hooks, *records(3))
    hooks["write"] = Chain()
    with set_up(DeferredFn(plan, plan.writers[0])) as fn:
        bundle(fn, None)
        assert fn.worker.counts == {STEP: [3, 3, 0]}
