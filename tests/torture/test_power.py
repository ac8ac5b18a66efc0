"""The disk that forgets: it keeps what was synced, and only that."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.power import ForgetfulDisk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def disk(folder: Path) -> Iterator[ForgetfulDisk]:
    with contextlib.closing(ForgetfulDisk(folder)) as disk:
        yield disk


def sync(disk: ForgetfulDisk, *paths: Path) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        disk.synced(descriptor)
        os.close(descriptor)


def test_a_folder_that_was_not_synced_above_is_gone(disk: ForgetfulDisk, folder: Path) -> None:
    folder.mkdir()
    (folder / "a").write_text("a")
    sync(disk, folder / "a", folder)
    disk.cut()
    assert not folder.exists()


def test_a_file_has_the_bytes_that_were_synced(disk: ForgetfulDisk, folder: Path) -> None:
    folder.mkdir()
    with (folder / "a").open("wb", buffering=0) as file:
        file.write(b"synced")
        os.fsync(file.fileno())
        disk.synced(file.fileno())
        file.write(b", and not")
    (folder / "b").write_text("never synced")
    sync(disk, folder, folder.parent)
    disk.cut()
    assert (folder / "a").read_text() == "synced"
    assert (folder / "b").read_text() == ""


def test_a_name_is_as_the_folder_was_synced(disk: ForgetfulDisk, folder: Path) -> None:
    folder.mkdir()
    for name, text in (("a", "old"), ("b", "new"), ("c", "gone")):
        (folder / name).write_text(text)
        sync(disk, folder / name)
    sync(disk, folder, folder.parent)
    (folder / "b").rename(folder / "a")
    (folder / "c").unlink()
    (folder / "d").write_text("of no name yet")
    disk.cut()
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "a": "old", "b": "new", "c": "gone",
    }  # fmt: skip


def test_two_names_of_one_file_stay_that(disk: ForgetfulDisk, folder: Path) -> None:
    folder.mkdir()
    (folder / "a").write_text("x")
    os.link(folder / "a", folder / "b")
    sync(disk, folder / "a", folder, folder.parent)
    disk.cut()
    assert (folder / "a").stat().st_ino == (folder / "b").stat().st_ino
