"""Local files: durable, private, and whole whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.store import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "work" / "run"))


def full_disk(*_: Any, **__: Any) -> Any:
    raise OSError(28, "No space left on device")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to make files durable, in order."""
    done: list[str] = []

    def told(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def tell(first: Any, *rest: Any, **named: Any) -> Any:
            kind = ""
            if name == "fsync":
                kind = " folder" if stat.S_ISDIR(os.fstat(first).st_mode) else " file"
            done.append(name + kind)
            return function(first, *rest, **named)

        return tell

    monkeypatch.setattr(os, "fsync", told(os.fsync, "fsync"))
    monkeypatch.setattr(os, "rename", told(os.rename, "rename"))
    monkeypatch.setattr(os, "replace", told(os.replace, "rename"))
    monkeypatch.setattr(os, "link", told(os.link, "link"))
    return done


def test_content_is_on_the_disk_before_its_name_and_the_name_before_it_counts(
    store: LocalStore, steps: list[str]
) -> None:
    store.write("a", b"")
    steps.clear()
    store.write("a", b"one")
    file = store.create("b")
    file.write(b"two")
    file.finish()
    store.write_new("c", b"three")
    assert steps == [
        "fsync file", "rename", "fsync folder",
        "fsync file", "rename", "fsync folder",
        "fsync file", "link", "fsync folder",
    ]  # fmt: skip


def test_a_new_folder_is_durable_too(store: LocalStore, steps: list[str]) -> None:
    store.write("staged/out/a", b"one")
    made = ["work", "run", "staged", "out"]
    assert steps == ["fsync folder"] * len(made) + ["fsync file", "rename", "fsync folder"]


def test_run_directories_are_private_and_what_is_above_them_is_as_usual(
    store: LocalStore, tmp_path: Path
) -> None:
    store.write("staged/out/a", b"one")
    umask = os.umask(0)
    os.umask(umask)

    def mode(path: str) -> int:
        return stat.S_IMODE((tmp_path / path).stat().st_mode)

    assert mode("work") == 0o777 & ~umask
    assert [mode(f"work/run{rest}") for rest in ("", "/staged", "/staged/out")] == [0o700] * 3
    assert mode("work/run/staged/out/a") == 0o600


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    store.write("a", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, broken, full_disk)
        patch.setattr(os, "rename", full_disk)
        with pytest.raises(OSError, match="No space left"):
            store.write("a", b"new")
        file = store.create("b")
        with pytest.raises(OSError, match="No space left"):
            file.finish()
    assert store.read("a") == b"old"
    assert [path.name for path in Path(store.root).iterdir()] == ["a"]


def test_a_first_write_that_fails_leaves_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a", b"")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            store.write_new("stop", b"why")
    assert [path.name for path in Path(store.root).iterdir()] == ["a"]


def test_data_that_a_full_disk_refuses_leaves_nothing_beside_it(store: LocalStore) -> None:
    store.write("a", b"old")
    limited = store.create("a")
    limited._stream.close()  # the disk: no write gets through
    with pytest.raises(ValueError, match="closed file"):
        limited.write(b"new")
    limited.abandon()
    assert [path.name for path in Path(store.root).iterdir()] == ["a"]


def test_an_abandoned_file_is_gone(store: LocalStore) -> None:
    file = store.create("staged/a")
    file.write(b"half")
    file.abandon()
    assert list(Path(store.path("staged")).iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_never_listed(store: LocalStore) -> None:
    file = store.create("staged/a")
    file.write(b"half")
    left = list(Path(store.path("staged")).iterdir())
    assert len(left) == 1
    assert store.names("staged") == []
    store.sweep("staged", frozenset())
    assert list(Path(store.path("staged")).iterdir()) == []
    file.abandon()


def test_below_a_file_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    store = LocalStore(str(tmp_path / "a.json"))
    assert store.read("run.json") is None
    assert store.names("marks") == []
    assert LocalStore(str(tmp_path / "a.json" / "r1")).read("run.json") is None


def test_a_folder_in_the_place_of_a_file_is_an_os_error(store: LocalStore) -> None:
    store.write("a/b", b"")
    with pytest.raises(OSError):
        store.write("a", b"")
    with pytest.raises(OSError):
        store.read("a")


class TestAFileSystemThatKnowsLess:
    """Shared folders and memory cards: no links, no sync of folders."""

    @pytest.fixture(autouse=True)
    def knows_less(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fsync = os.fsync

        def no_folders(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "Invalid argument")
            fsync(descriptor)

        def no_links(*_: Any) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "fsync", no_folders)
        monkeypatch.setattr(os, "link", no_links)

    def test_keeps_files_all_the_same(self, store: LocalStore) -> None:
        store.write("marks/a", b"one")
        assert store.read("marks/a") == b"one"

    def test_keeps_the_first_of_two(self, store: LocalStore) -> None:
        assert store.write_new("stop", b"one") is True
        assert store.write_new("stop", b"two") is False
        assert store.read("stop") == b"one"
        assert [path.name for path in Path(store.root).iterdir()] == ["stop"]


def test_a_folder_that_cannot_be_made_durable_fails_the_write(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a", b"")

    def broken(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        store.write("a", b"one")
