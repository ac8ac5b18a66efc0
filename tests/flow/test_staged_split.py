"""One split on its way into files: where they are cut, what is spilled, what becomes of keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest import Context
from beam_ingest.flow import partials as aggregates
from beam_ingest.flow import stage as staging
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.partials import SHARDS, shard_of
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stage import StagedSplit
from tests.flow.scripted import REF, KeyedStage, PlainStage, counts_of, records, staged

Hooks = dict[str, Callable[..., Any]]


class Split:
    """A split and its stage, without a step around them."""

    def __init__(self, root: Path, stage: type = PlainStage) -> None:
        self.run = RunDir(str(root))
        self.stage = stage(stage.Config(), Context())  # type: ignore[attr-defined]
        self.state = StagedSplit(self.run, REF, staged("bulk", stage), primary=True)

    def add(self, *made: Any) -> int:
        return self.state.stage(self.stage, list(made))

    def end(self) -> list[Chunk]:
        chunks = self.state.end()
        self.state.commit(chunks)
        return chunks

    def lines(self, chunk: Chunk) -> list[Any]:
        with self.run.store.open(chunk.file) as file:
            file.seek(chunk.offset)
            return [json.loads(file.readline()) for _ in range(chunk.count)]


def keyed(key: str | None, part: Any = 1) -> dict[str, Any]:
    return {"name": "r", "key": key, "part": part}


def test_records_become_the_lines_of_one_file(tmp_path: Path, hooks: Hooks) -> None:
    split = Split(tmp_path)
    split.add(*records(2))
    split.add(*records(1, 2))
    (chunk,) = split.end()
    size = len(b'{"name":"r0"}\n') * 3
    file = f"staged/bulk/{REF.id}.0.000.jsonl"
    assert chunk == Chunk(f"{REF.id}.bulk.000", file, 3, size)
    assert (tmp_path / file).read_bytes() == b'{"name":"r0"}\n{"name":"r1"}\n{"name":"r2"}\n'
    assert counts_of(split.state.ledger, "bulk (stage)") == [3, 3, 0, 0, 3, 0]


def test_a_split_without_records_leaves_no_file(tmp_path: Path, hooks: Hooks) -> None:
    split = Split(tmp_path)
    split.add()
    assert split.end() == []
    mark = split.run.mark(REF, "bulk")
    assert mark is not None
    assert (mark.state, mark.chunks) == ("done", [])


def test_a_file_is_closed_at_the_batch_that_fills_it(
    tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", 30)
    split = Split(tmp_path)
    for number in range(0, 10, 2):
        split.add(*records(2, number))
    chunks = split.end()
    assert [(chunk.id, chunk.count) for chunk in chunks] == [
        (f"{REF.id}.bulk.000", 4), (f"{REF.id}.bulk.001", 4), (f"{REF.id}.bulk.002", 2),
    ]  # fmt: skip
    assert len({chunk.file for chunk in chunks}) == 3
    assert [line for chunk in chunks for line in split.lines(chunk)] == records(10)


def test_a_large_split_keeps_few_files_open(
    tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", 1)
    split = Split(tmp_path)
    for number in range(40):
        split.add(*records(1, number))
    on_disk = split.run.store.names("staged/bulk")
    assert len(on_disk) >= 40 - staging.OPEN_FILES
    assert len(split.end()) == 40


def test_a_record_that_cannot_be_encoded_is_a_dead_letter(tmp_path: Path, hooks: Hooks) -> None:
    split = Split(tmp_path)
    assert split.add({"name": "a"}, {"name": "b", "value": object}) == 1
    (chunk,) = split.end()
    assert chunk.count == 1
    assert counts_of(split.state.ledger, "bulk (stage)") == [2, 1, 0, 1, 1, 0]
    mark = split.run.mark(REF, "bulk")
    assert mark is not None
    assert mark.dead is not None
    assert mark.dead.count == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("text", "encode() returned a str, not bytes"),
        (b"two\nlines", "encode() returned more than one line"),
    ],
)
@pytest.mark.parametrize("stage", [PlainStage, KeyedStage])
def test_what_is_no_line_is_a_dead_letter(
    tmp_path: Path, hooks: Hooks, line: Any, why: str, stage: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "encode", lambda self, record: line)
    split = Split(tmp_path, stage)
    assert split.add(keyed(None)) == 1
    assert split.end() == []
    assert [reason for _, reason in split.state.ledger.reasons] == [why]


def test_all_records_of_a_batch_may_fail(tmp_path: Path, hooks: Hooks) -> None:
    def encode(record: Any) -> bytes:
        raise ValueError("no")

    hooks["encode"] = encode
    split = Split(tmp_path)
    assert split.add(*records(3)) == 3
    assert split.end() == []


class TestAggregates:
    def test_are_combined_and_spilled_by_shard(self, tmp_path: Path, hooks: Hooks) -> None:
        split = Split(tmp_path, KeyedStage)
        split.add(keyed("a", 1), keyed("b", 2), keyed("a", 3))
        split.add(keyed("b", 10))
        chunks = split.end()
        assert {chunk.shard for chunk in chunks} == {shard_of("a"), shard_of("b")}
        assert sorted(line for chunk in chunks for line in split.lines(chunk)) == [
            ["a", 4], ["b", 12],
        ]  # fmt: skip
        assert len({chunk.file for chunk in chunks}) == 1
        assert counts_of(split.state.ledger, "bulk (stage)") == [4, 4, 0, 0, 0, 0]

    def test_of_one_split_are_spilled_when_there_are_too_many(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(aggregates, "SPILL_KEYS", 3)
        split = Split(tmp_path, KeyedStage)
        for number in range(10):
            split.add(keyed(f"k{number % 5}", 1))
            assert len(split.state._partials) < 3
        chunks = split.end()
        totals: dict[str, int] = {}
        for chunk in chunks:
            for key, partial in split.lines(chunk):
                totals[key] = totals.get(key, 0) + partial
        assert totals == {f"k{number}": 2 for number in range(5)}
        assert len({chunk.id for chunk in chunks}) == len(chunks)
        assert len({chunk.file for chunk in chunks}) > 1

    def test_go_beside_records_that_are_stored_as_they_are(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        hooks["keyed"] = lambda record: [(None, {"name": record["name"]}), ("a", 1), ("b", 1)]
        split = Split(tmp_path, KeyedStage)
        split.add(*records(2))
        chunks = split.end()
        (plain,) = (chunk for chunk in chunks if chunk.shard is None)
        assert split.lines(plain) == records(2)
        assert counts_of(split.state.ledger, "bulk (stage)") == [2, 2, 0, 0, 2, 0]
        assert len({chunk.id for chunk in chunks}) == len(chunks)

    def test_of_a_record_that_feeds_nothing_are_none(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["keyed"] = lambda record: iter(())
        split = Split(tmp_path, KeyedStage)
        split.add(*records(2))
        assert split.end() == []
        assert counts_of(split.state.ledger, "bulk (stage)") == [2, 2, 0, 0, 0, 0]

    @pytest.mark.parametrize("bad", ["\ud800", 5, b"bytes"])
    def test_with_a_key_that_is_no_text_are_a_dead_letter(
        self, tmp_path: Path, hooks: Hooks, bad: Any
    ) -> None:
        split = Split(tmp_path, KeyedStage)
        assert split.add(keyed("a"), {"name": "odd", "key": bad, "part": 1}) == 1
        chunks = split.end()
        assert [line for chunk in chunks for line in split.lines(chunk)] == [["a", 1]]

    def test_of_a_record_that_fails_half_way_are_not_taken(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        def half(record: Any) -> Any:
            yield "a", 1
            raise ValueError("half way")

        hooks["keyed"] = half
        split = Split(tmp_path, KeyedStage)
        assert split.add(*records(1)) == 1
        assert split.end() == []

    def test_that_cannot_be_combined_are_no_records_fault(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        split = Split(tmp_path, KeyedStage)
        split.add(keyed("a", 1))
        with pytest.raises(TypeError):
            split.add(keyed("a", "text"))
        split.state.abandon()

    def test_that_json_cannot_hold_are_no_records_fault(self, tmp_path: Path, hooks: Hooks) -> None:
        split = Split(tmp_path, KeyedStage)
        split.add(keyed("a", object()))
        with pytest.raises(Exception, match="serialize"):
            split.end()
        split.state.abandon()
        assert split.run.store.names("staged/bulk") == []


def test_an_abandoned_split_leaves_nothing(
    tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", 20)
    split = Split(tmp_path)
    split.add(*records(2))
    split.add(*records(1))
    split.state.abandon()
    split.state.abandon()
    assert list((tmp_path / "staged" / "bulk").iterdir()) == []


def test_the_next_attempt_has_files_of_its_own(tmp_path: Path, hooks: Hooks) -> None:
    ids, files = [], []
    for attempt in (0, 1):
        split = Split(tmp_path)
        split.state.ref = type(REF)(REF.key, REF.index, REF.id, {}, attempt)
        split.add(*records(1))
        (chunk,) = split.end()
        ids.append(chunk.id)
        files.append(chunk.file)
    assert ids[0] == ids[1]
    assert files[0] != files[1]


def test_the_shard_of_a_key_is_the_same_everywhere() -> None:
    assert [shard_of(key) for key in ("a", "b", "svc.db.schema.table", "ü")] == [3, 9, 4, 5]


@given(st.text())
def test_every_key_has_a_shard(key: str) -> None:
    assert 0 <= shard_of(key) < SHARDS


RECORDS = st.lists(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b", "c"]), st.integers(0, 9)), max_size=6
    ),
    max_size=6,
)  # fmt: skip


@given(RECORDS)
@settings(max_examples=30)
def test_the_files_depend_on_the_batches_alone_and_hold_everything(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str | None, int]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "CHUNK_BYTES", 40)
        patch.setattr(aggregates, "SPILL_KEYS", 2)
        patch.setattr("os.fsync", lambda descriptor: None)
        made = []
        for _ in range(2):
            split = Split(tmp_path_factory.mktemp("run"), KeyedStage)
            for part in batches:
                split.add(*[keyed(key, value if key else {"n": value}) for key, value in part])
            chunks = split.end()
            made.append([(chunk, split.lines(chunk)) for chunk in chunks])
    assert made[0] == made[1]
    given_ = [each for part in batches for each in part]
    stored = [line["n"] for chunk, lines in made[0] if chunk.shard is None for line in lines]
    assert stored == [value for key, value in given_ if key is None]
    for wanted in "abc":
        total = sum(
            partial
            for chunk, lines in made[0]
            if chunk.shard is not None
            for key, partial in lines
            if key == wanted
        )
        assert total == sum(value for key, value in given_ if key == wanted)
