"""A broken disk fails for its folder, for as long as it is broken, and for nobody else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from beam_ingest.testing.faults import DiskFault, FaultScript, faulty
from tests.testing.faults.carriers import Same, build


def test_a_full_disk_takes_no_new_file_and_leaves_others_alone(tmp_path: Path) -> None:
    full, other = tmp_path / "full", tmp_path / "other"
    full.mkdir()
    other.mkdir()
    (full / "old").write_text("old")
    with DiskFault("full", full):
        for write in (
            lambda: (full / "new").write_text("new"),
            lambda: os.close(os.open(full / "new", os.O_CREAT | os.O_WRONLY)),
            lambda: (full / "old").open("a"),
            lambda: (full / "folder").mkdir(),
        ):
            with pytest.raises(OSError, match="No space") as caught:
                write()
            assert caught.value.errno == errno.ENOSPC
        assert (full / "old").read_text() == "old"
        (other / "new").write_text("new")
    (full / "new").write_text("new")


def test_a_disk_that_cannot_rename_leaves_both_names_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    with DiskFault("rename", tmp_path), pytest.raises(OSError):
        (tmp_path / "new").replace(tmp_path / "old")
    assert (tmp_path / "new").read_text() == "new"
    assert (tmp_path / "old").read_text() == "old"


def test_a_disk_that_tears_writes_puts_half_files_in_place(tmp_path: Path) -> None:
    with DiskFault("torn", tmp_path / "there"):
        (tmp_path / "there").mkdir()
        for name in ("renamed", "linked", "elsewhere"):
            (tmp_path / name).write_text("0123456789")
        (tmp_path / "renamed").replace(tmp_path / "there" / "a")
        os.link(tmp_path / "linked", tmp_path / "there" / "b")
        (tmp_path / "elsewhere").replace(tmp_path / "c")
    texts = [(tmp_path / name).read_text() for name in ("there/a", "there/b", "c")]
    assert texts == ["01234", "01234", "0123456789"]


def test_a_disk_fault_begins_at_its_call_and_ends_with_the_component(tmp_path: Path) -> None:
    script = FaultScript([{"at": 2, "disk": "full", "under": str(tmp_path)}])
    processor = faulty(build(Same), script)
    processor.process({})
    (tmp_path / "a").write_text("a")
    processor.process({})
    with pytest.raises(OSError):
        (tmp_path / "b").write_text("b")
    processor.close()
    (tmp_path / "b").write_text("b")
