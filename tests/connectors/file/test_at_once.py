"""The files of an unbounded run: there as soon as they are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest import Context
from beam_ingest.connectors.file.bulk_sink import FileBulkSink
from beam_ingest.testing.exercise import staged_file


def sink(target: Path, *, shards: bool = True) -> FileBulkSink:
    config = FileBulkSink.Config.model_validate({"path": str(target), "shards": shards})
    return FileBulkSink(config, Context(run_id="r1", unbounded=True))


def test_a_published_file_is_in_the_folder_at_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out = sink(tmp_path / "out")
    out.begin()
    for line in (b'{"n":1}', b'{"n":2}'):
        out.publish(staged_file(tmp_path / "in", "w1", [line]))  # again: in place of the first
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["w1.jsonl"]
    assert (tmp_path / "out" / "w1.jsonl").read_bytes() == b'{"n":2}\n'


def test_what_a_killed_attempt_was_putting_there_goes_when_the_run_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    (tmp_path / "in").mkdir()
    out, folder = sink(tmp_path / "out"), tmp_path / "out"
    out.begin()
    other = folder / f".r1.other.{'0' * 32}"  # another run's, which may be under way
    other.touch()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, "replace", kill)
        out.publish(staged_file(tmp_path / "in", "w1", [b"{}"]))
    assert len(list(folder.iterdir())) == 2
    sink(folder).begin()
    assert list(folder.iterdir()) == [other]


def test_another_user_may_read_it_where_the_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out = sink(tmp_path / "out")
    out.begin()
    (tmp_path / "out").chmod(0o755)
    file = staged_file(tmp_path / "in", "w1", [b"{}"])
    Path(file.path).chmod(0o600)
    out.publish(file)
    assert (tmp_path / "out" / "w1.jsonl").stat().st_mode & 0o777 == 0o644


def test_one_file_cannot_be_the_end_of_an_unbounded_run(tmp_path: Path) -> None:
    assert sink(tmp_path).no_stream() is None
    assert "shards: true" in (sink(tmp_path, shards=False).no_stream() or "")
