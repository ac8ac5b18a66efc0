"""The file bulk sink: a completed run's output appears at once, and only then."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
from pathlib import Path

import pytest

from beam_ingest import Context, StagedFile
from beam_ingest.connectors.file.bulk_sink import FileBulkSink
from beam_ingest.connectors.file.source import FileSource
from tests.connectors.file.bulk import ALL, by_manifest, content, publish, run, sink, staged, text
from tests.connectors.narrow import splits


def test_a_completed_run_counts_whatever_its_status() -> None:
    assert FileBulkSink.commit_on == "completed"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_files_published_in_any_order_by_any_worker_come_out_in_the_order_of_their_ids(
    tmp_path: Path, files: list[StagedFile], order: tuple[int, ...]
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    token = sink(out).begin()
    for index in (*order, *order):  # each twice
        sink(out).publish(files[index])
    sink(out).commit(json.loads(json.dumps(token)))
    assert content(out.parent) == {"a.jsonl": ALL}


def test_nothing_is_in_place_before_the_commit(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out" / "a.jsonl"
    made = sink(out)
    token = made.begin()
    publish(made, files)
    assert not out.exists()
    made.commit(token)
    assert out.read_bytes() == ALL


def test_a_run_without_records_leaves_an_empty_file(tmp_path: Path) -> None:
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), [])
    assert content(out.parent) == {"a.jsonl": b""}


@pytest.mark.parametrize("shards", [False, True], ids=["file", "shards"])
def test_the_output_has_the_mode_of_any_new_file(
    tmp_path: Path, files: list[StagedFile], shards: bool
) -> None:
    out = tmp_path / "out" / "a"
    old = os.umask(0o027)
    try:
        run(sink(out, shards=shards), files)
    finally:
        os.umask(old)
    found = [path for path in [out, *out.rglob("*")] if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o640}


def test_the_file_shares_nothing_with_the_staged_ones(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), files[:1])
    out.write_bytes(b"changed by its owner")
    assert Path(files[0].path).read_bytes() == text("000-parents", 2)


def test_shards_are_links_to_the_staged_files(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), files)
    shards = sorted(out.glob("part-*"))
    assert [shard.samefile(file.path) for shard, file in zip(shards, files, strict=True)] == [
        True, True, True,
    ]  # fmt: skip


def test_a_second_attempt_at_a_file_replaces_the_first(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    made = sink(out)
    token = made.begin()
    publish(made, files)
    made.publish(staged(tmp_path / "again", "001-b", b'{"n":"new"}\n'))
    made.commit(token)
    assert out.read_bytes() == text("000-parents", 2) + b'{"n":"new"}\n' + text("002-a", 1)


def test_staged_files_are_left_as_they_are(tmp_path: Path, files: list[StagedFile]) -> None:
    for shards in (False, True):
        for count in (1, 3):
            out = tmp_path / f"out{shards}{count}"
            run(sink(out, shards=shards), files[:count])
            run(sink(out, run="r2", shards=shards), files[1:])
    assert b"".join(Path(file.path).read_bytes() for file in files) == ALL


def test_a_staged_file_that_is_no_local_path_is_copied(tmp_path: Path) -> None:
    source = staged(tmp_path / "staged", "000", b'{"n":1}\n')
    remote = StagedFile("000", "gs://bucket/000", 1, source.opener)
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), [remote])
    assert content(out.parent) == {"a.jsonl": b'{"n":1}\n'}


def test_where_links_and_the_kernels_copy_are_impossible_bytes_are_copied(
    tmp_path: Path, files: list[StagedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "copy_file_range", refuse)
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), files)
    assert content(out.parent) == {"a.jsonl": ALL}
    assert not out.samefile(files[0].path)


def test_an_aborted_run_leaves_the_old_file(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), files[:1])
    before = out.stat()
    made = sink(out, run="r2")
    token = made.begin()
    publish(made, files)
    for _ in range(2):
        sink(out, run="r3").abort(token)  # a later run does it for one that died
    assert content(out.parent) == {"a.jsonl": text("000-parents", 2)}
    assert (out.stat().st_ino, out.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_aborted_run_leaves_the_old_shards(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), files)
    before = content(out)
    made = sink(out, run="r2", shards=True)
    token = made.begin()
    publish(made, files[:1])
    for _ in range(2):
        sink(out, run="r3", shards=True).abort(token)
    assert content(out) == before


def test_shards_are_named_by_their_manifest(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), files)
    assert sorted(content(out)) == [
        "_manifest.json",
        "part-00000-of-00003-r1-1.jsonl",
        "part-00001-of-00003-r1-1.jsonl",
        "part-00002-of-00003-r1-1.jsonl",
    ]
    assert by_manifest(out) == ALL


def test_new_shards_supersede_old_ones_and_leave_other_files(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_bytes(b"mine")
    run(sink(out, shards=True), files)
    run(sink(out, run="r2", shards=True), files[:2])
    assert sorted(content(out)) == [
        "_manifest.json",
        "mine.txt",
        "part-00000-of-00002-r2-2.jsonl",
        "part-00001-of-00002-r2-2.jsonl",
    ]
    assert by_manifest(out) == text("000-parents", 2) + text("001-b", 3)


def test_a_run_committed_again_after_a_resume_never_changes_a_file_a_reader_may_hold(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), files)
    first = set(content(out)) - {"_manifest.json"}
    run(sink(out, shards=True), [*files[:2], staged(tmp_path / "again", "002-a", b"{}\n")])
    assert first.isdisjoint(content(out))
    assert by_manifest(out).endswith(b"{}\n")


def test_the_file_source_reads_what_the_manifest_names(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), files)
    (out / "part-00000-of-00001-dead.jsonl").write_bytes(b'{"n": "orphan"}\n')
    source = FileSource(FileSource.Config(path=str(out)), Context())
    rows = [row for split in splits(source) for row in source.read(split)]
    assert rows == [json.loads(line) for line in ALL.splitlines()]


def test_begin_is_the_same_when_it_is_done_again(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out" / "a.jsonl"
    made = sink(out)
    token = made.begin()
    publish(made, files)
    assert sink(out).begin() == token
    made.commit(token)
    assert out.read_bytes() == ALL
