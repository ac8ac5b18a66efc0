"""The file bulk sink killed at every step: the old or the new, never a mixture."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import IngestError, StagedFile
from tests.connectors.file.bulk import ALL, by_manifest, content, publish, run, sink, staged, text


class Killed(BaseException):
    """The process is gone: nothing catches it, nothing cleans up."""


STEPS = {
    "rename": (Path, "replace"),
    "link": (Path, "hardlink_to"),
    "unlink": (Path, "unlink"),
    "folder": (Path, "rename"),
    "sync": (os, "fsync"),
    "rmdir": (os, "rmdir"),
    "remove": (os, "unlink"),
}


def killed_at(
    monkeypatch: pytest.MonkeyPatch, number: int, after: bool, do: Callable[[], None]
) -> bool:
    """Run ``do`` and stop it before (or after) its ``number``-th change of the file system."""
    counter = itertools.count()

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **keys: Any) -> Any:
            last = next(counter) == number
            if last and not after:
                raise Killed
            try:
                return real(*args, **keys)
            finally:
                if last:
                    raise Killed

        return call

    with monkeypatch.context() as patch:
        for owner, name in STEPS.values():
            patch.setattr(owner, name, counting(getattr(owner, name)))
        try:
            do()
        except Killed:
            return True
    return False


def kill_points() -> Iterator[tuple[int, bool]]:
    for number in range(100):
        yield number, False
        yield number, True


@pytest.mark.parametrize("shards", [False, True], ids=["file", "shards"])
@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("then", ["commit", "abort"])
def test_a_commit_killed_at_any_step_leaves_the_old_or_the_new_and_can_be_ended(
    tmp_path: Path,
    files: list[StagedFile],
    monkeypatch: pytest.MonkeyPatch,
    shards: bool,
    count: int,
    then: str,
) -> None:
    old = [staged(tmp_path / "old", "000", b'{"n":"old"}\n')]
    new = b"".join(Path(file.path).read_bytes() for file in files[:count])
    kills = 0
    for number, after in kill_points():
        folder = tmp_path / f"{number}-{after}"
        out = folder if shards else folder / "a.jsonl"

        def visible(out: Path = out) -> bytes:
            return by_manifest(out) if shards else out.read_bytes()

        run(sink(out, run="r0", shards=shards), old)
        made = sink(out, shards=shards)
        token = made.begin()
        publish(made, files[:count])
        killed = killed_at(monkeypatch, number, after, partial(made.commit, token))
        assert visible() in (b'{"n":"old"}\n', new)
        was_new = visible() == new
        for _ in range(2):
            getattr(sink(out, shards=shards), then)(token)
        assert visible() == (new if then == "commit" or was_new else b'{"n":"old"}\n')
        # Of what is left, all is named; the next run also removes what this one was kept from.
        run(sink(out, run="r2", shards=shards), old)
        assert visible() == b'{"n":"old"}\n'
        assert len(content(folder)) == (2 if shards else 1)
        if not killed:
            break
        kills += 1
    else:
        pytest.fail("the commit never came to its end")
    assert kills > 5


@pytest.mark.parametrize("shards", [False, True], ids=["file", "shards"])
def test_a_publish_killed_at_any_step_can_be_done_again(
    tmp_path: Path, files: list[StagedFile], monkeypatch: pytest.MonkeyPatch, shards: bool
) -> None:
    for number, after in kill_points():
        folder = tmp_path / f"{number}-{after}"
        out = folder if shards else folder / "a.jsonl"
        made = sink(out, shards=shards)
        token = made.begin()
        killed = killed_at(monkeypatch, number, after, partial(publish, made, files))
        publish(made, files)
        made.commit(token)
        assert (by_manifest(out) if shards else out.read_bytes()) == ALL
        assert len(content(folder)) == (4 if shards else 1)
        if not killed:
            return
    pytest.fail("publishing never came to its end")


def test_a_copy_that_was_cut_off_is_not_part_of_the_output(
    tmp_path: Path, files: list[StagedFile]
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    made = sink(out)
    token = made.begin()
    publish(made, files)
    (out.parent / ".a.jsonl.parts-r1" / "scratch" / "half").write_bytes(b'{"n":')
    (out.parent / ".a.jsonl.parts-r1" / "scratch" / "whole").write_bytes(b'{"n":')
    made.commit(token)
    assert content(out.parent) == {"a.jsonl": ALL}


def test_a_full_disk_leaves_the_old_file_and_says_so(
    tmp_path: Path, files: list[StagedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out" / "a.jsonl"
    run(sink(out), files[:1])
    made = sink(out, run="r2")
    token = made.begin()
    publish(made, files)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "copy_file_range", full)
        with pytest.raises(IngestError, match=r"a\.jsonl cannot be written: No space left"):
            made.commit(token)
    assert out.read_bytes() == text("000-parents", 2)
    made.commit(token)
    assert out.read_bytes() == ALL
