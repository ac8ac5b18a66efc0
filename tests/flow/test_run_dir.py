"""The run directory's files: their names, their exact bytes, and what is read back from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_ingest import Scope, Split
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, Mark, Published
from beam_ingest.flow.run_dir import PARENTS, RunDir, split_ref


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(str(tmp_path))


def text(tmp_path: Path, name: str) -> str:
    return (tmp_path / name).read_text()


def test_the_listing_has_its_splits_in_order_and_names_its_scopes(
    run: RunDir, tmp_path: Path
) -> None:
    run.write_listing([Split("b", {"n": 1}), Split("a")], [Scope("s", {"s.y", "s.x"})], None)
    assert text(tmp_path, "splits.json") == (
        '{"error":null,"splits":[["b",{"n":1}],["a",{}]],"scopes":[["s","table",0,33]]}'
    )
    assert text(tmp_path, "scopes.jsonl") == '["s","table",null,["s.x","s.y"]]\n'


def test_what_was_listed_is_read_back(run: RunDir) -> None:
    scopes = [
        Scope("s", ["s.a", "s.b"]),
        Scope("t", [], "databaseSchema", "permission denied"),
    ]
    run.write_listing([Split("b", {"n": 1}), Split("a")], scopes, "it broke off")
    assert list(run.scopes()) == scopes
    assert run.listing() == {
        "error": "it broke off",
        "splits": [["b", {"n": 1}], ["a", {}]],
        "scopes": [["s", "table", 0, 33], ["t", "databaseSchema", 33, 46]],
    }
    places = run.scope_places()
    assert [run.scope_at(*places[key]) for key in places] == scopes
    refs = list(run.splits())
    assert [(ref.key, ref.index, ref.payload) for ref in refs] == [
        (PARENTS, 0, {}), ("b", 1, {"n": 1}), ("a", 2, {}),
    ]  # fmt: skip
    assert sorted(ref.id for ref in refs) == [ref.id for ref in refs]


def test_tables_and_procedures_of_one_schema_are_two_scopes(run: RunDir) -> None:
    scopes = [Scope("s", ["s.t"]), Scope("s", ["s.p"], "storedProcedure")]
    run.write_listing([], scopes, None)
    assert list(run.scopes()) == scopes


def test_before_the_listing_only_the_parents_are_known(run: RunDir) -> None:
    assert run.listing() is None
    assert [ref.key for ref in run.splits()] == [PARENTS]
    assert list(run.scopes()) == []


def test_no_key_becomes_a_path(run: RunDir, tmp_path: Path) -> None:
    for key in ("../../etc/passwd", "a/b", "", "x" * 5000, "\ud800", "."):
        ref = split_ref(key, 3, {})
        run.write_mark(ref, Mark(key, 3, "out", 0, "done"))
        mark = run.mark(ref, "out")
        assert mark is not None
        assert mark.split == key
    assert len(list((tmp_path / "marks").iterdir())) == 6


def test_the_name_of_a_mark_is_the_same_in_every_process() -> None:
    assert split_ref("part/1", 12, {}).id == "0000012-ef2e16b2c1e955fb"


def test_a_mark_that_is_not_there_is_none(run: RunDir) -> None:
    assert run.mark(split_ref("a", 1, {}), "out") is None


def test_only_chunks_of_the_last_attempt_are_named(run: RunDir) -> None:
    ref = split_ref("a", 1, {})
    old = Chunk(f"{ref.id}.out.000", "staged/out/old", 2, 10)
    new = Chunk(f"{ref.id}.out.000", "staged/out/new", 2, 10)
    other = split_ref("b", 2, {})
    third = Chunk(f"{other.id}.out.000", "staged/out/third", 2, 10)
    assert run.named_chunks([old], "out") == []
    run.write_mark(ref, Mark("a", 1, "out", 1, "done", chunks=[new]))
    run.write_mark(other, Mark("b", 2, "out", 0, "done", chunks=[third]))
    assert run.named_chunks([third, old, new], "out") == [third, new]
    assert run.named_chunks([new], "another") == []
    assert run.named_chunks([], "out") == []


def test_marks_come_in_the_order_of_splits_and_writers(run: RunDir) -> None:
    refs = [split_ref(key, number, {}) for number, key in enumerate("abc")]
    for ref, writer in ((refs[0], "out"), (refs[2], "bulk"), (refs[2], "out")):
        run.write_mark(ref, Mark(ref.key, ref.index, writer, 0, "done"))
    found = [
        (mark.split, mark.writer) if mark else None for mark in run.marks(refs, ["out", "bulk"])
    ]
    assert found == [("a", "out"), None, None, None, ("c", "out"), ("c", "bulk")]


def test_a_merged_file_is_found_by_writer_and_shard(run: RunDir, tmp_path: Path) -> None:
    chunk = Chunk("merged-03.out", "staged/out/merged-03-ab.jsonl", 7, 70)
    run.write_merged("out", 3, chunk)
    assert text(tmp_path, "merged/out.3.json") == (
        '["merged-03.out", "staged/out/merged-03-ab.jsonl", 7, 70]'
    )
    assert run.merged("out", 3) == chunk
    assert run.merged("out", 4) is None


def test_what_became_of_a_file_is_found_by_its_id(run: RunDir) -> None:
    published = Published("0000001-ab.out.000", "staged/out/x", "out", "failed", "no", Ledger())
    run.write_published(published)
    found = run.published(published.id)
    assert found is not None
    assert found.to_bytes() == published.to_bytes()
    assert run.published("another") is None


def test_the_first_reason_to_stop_stays(run: RunDir, tmp_path: Path) -> None:
    assert run.stop() is None
    run.request_stop("wrong password", 3, hint="check it")
    run.request_stop("something that follows from it", 1)
    assert text(tmp_path, "stop") == (
        '{"reason": "wrong password", "exitCode": 3, "hint": "check it"}'
    )
    assert run.stop() == {"reason": "wrong password", "exitCode": 3, "hint": "check it"}


def test_a_token_is_kept_with_its_state(run: RunDir, tmp_path: Path) -> None:
    assert run.token("out") == ("", None)
    run.write_token("out", "begun", {"index": "i-1"})
    assert json.loads(text(tmp_path, "tokens/out.json")) == {
        "state": "begun", "token": {"index": "i-1"},
    }  # fmt: skip
    assert run.token("out") == ("begun", {"index": "i-1"})


@pytest.mark.parametrize("torn", [b"", b"{", b"[1]", b"\0" * 100, b'{"split": "a"}'])
def test_what_is_damaged_counts_as_missing(tmp_path: Path, torn: bytes) -> None:
    run, ref = RunDir(str(tmp_path)), split_ref("a", 1, {})
    for name in (f"marks/{ref.id}.out.json", "published/f.json", "merged/out.3.json"):
        run.store.write(name, torn)
    assert run.mark(ref, "out") is None
    assert run.published("f") is None
    assert run.merged("out", 3) is None
    assert run.named_chunks([Chunk(f"{ref.id}.out.000", "staged/x", 1, 1)], "out") == []
