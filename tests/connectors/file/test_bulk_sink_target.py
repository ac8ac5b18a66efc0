"""Where the file bulk sink writes, and where it refuses to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from beam_ingest import FatalError, StagedFile
from beam_ingest.connectors.file.bulk_sink import FileBulkSink
from tests.connectors.file.bulk import ALL, by_manifest, content, run, sink, staged


def folder_in_the_way(path: Path) -> None:
    path.mkdir()


def file_in_the_way(path: Path) -> None:
    path.write_bytes(b"old")


def pipe_in_the_way(path: Path) -> None:
    os.mkfifo(path)


def file_above(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_bytes(b"old")


def foreign_manifest(path: Path) -> None:
    path.mkdir()
    (path / "_manifest.json").write_bytes(b'{"files": 3}')


@pytest.mark.parametrize(
    ("prepare", "shards", "message"),
    [
        (folder_in_the_way, False, "a is a folder .*shards: true"),
        (pipe_in_the_way, False, "a is no regular file"),
        (file_above, False, "a cannot be written: .*Not a directory"),
        (file_above, True, "a cannot be written: .*Not a directory"),
        (file_in_the_way, True, "a is a file, and shards: true fills a folder"),
        (foreign_manifest, True, "_manifest.json is no manifest of this sink"),
    ],
)
def test_a_target_that_cannot_be_written_stops_the_run_before_it_reads(
    tmp_path: Path, prepare: Callable[[Path], None], shards: bool, message: str
) -> None:
    out = tmp_path / "x" / "a"
    out.parent.mkdir()
    prepare(out)
    before = content(tmp_path)
    made = sink(out, shards=shards)
    (check,) = made.checks()
    with pytest.raises(FatalError, match="cannot be written" if prepare is file_above else message):
        check.run()
    with pytest.raises(FatalError, match=message):
        made.begin()
    assert content(tmp_path) == before


def test_the_check_touches_nothing(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out" / "deep" / "a.jsonl"
    (check,) = sink(out).checks()
    assert check.run() == f"{out} will be made"
    assert not out.parent.exists()
    run(sink(out), files)
    assert check.run() == f"{out} will be replaced"


@pytest.mark.parametrize("bad", ["", ".", "..", "../../etc/passwd", "a/b", "a\0b"])
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, bad: str) -> None:
    made = sink(tmp_path / "out" / "a.jsonl")
    made.begin()
    file = staged(tmp_path / "staged", "000", b"{}\n")
    with pytest.raises(FatalError, match="cannot be a file name"):
        made.publish(StagedFile(bad, file.path, 1, file.opener))


def test_a_manifest_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(sink(out, shards=True), [staged(tmp_path / "staged", "000", b"{}\n")])
    path = out / "_manifest.json"
    path.write_text(path.read_text().replace("part-00000-of-00001-r1-1.jsonl", "../staged/000"))
    with pytest.raises(FatalError, match=r"_manifest\.json is no manifest.*not the name of a file"):
        sink(out, run="r2", shards=True).begin()


def test_a_worker_that_does_not_see_the_folder_says_so(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    with pytest.raises(FatalError, match=r"parts-r1 of this run is not there .*all workers"):
        sink(out).publish(files[0])
    token = sink(out).begin()
    sink(out).abort(token)
    with pytest.raises(FatalError, match=r"neither .*a\.jsonl nor .*all workers"):
        sink(out).commit(token)


def test_a_link_is_followed_and_stays(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "real" / "a.jsonl"
    link = tmp_path / "link.jsonl"
    link.symlink_to(out)
    run(sink(link), files)
    assert link.is_symlink()
    assert out.read_bytes() == ALL


def test_a_run_id_is_made_safe_for_a_file_name(tmp_path: Path, files: list[StagedFile]) -> None:
    out = tmp_path / "out"
    run(sink(out, run="../r 1", shards=True), files)
    assert "part-00000-of-00003-..-r-1-1.jsonl" in content(out)
    assert by_manifest(out) == ALL


def test_a_tilde_is_the_home_folder(
    tmp_path: Path, files: list[StagedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    run(sink("~/a.jsonl"), files)
    assert (tmp_path / "a.jsonl").read_bytes() == ALL


def test_openmetadatas_filename_is_the_path() -> None:
    assert FileBulkSink.Config.model_validate({"filename": "x"}).path == "x"


def test_a_remote_path_is_refused_and_says_what_is_possible() -> None:
    with pytest.raises(ValidationError, match=r"s3:// paths are not supported.*local paths only"):
        FileBulkSink.Config(path="s3://bucket/a.jsonl")
