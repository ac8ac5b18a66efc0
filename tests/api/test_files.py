"""What became of a listed file is said the same way by every source that reads files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.files import decompressed, explained, status_of


def test_a_file_that_is_gone_again_when_it_is_listed_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"a\.log was listed and cannot be read: No such file"):
        status_of(tmp_path / "a.log")


def test_a_file_that_is_gone_when_it_is_read_says_that_it_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    gone = pytest.raises(IngestError, match=r"a\.log is gone: the run had listed it")
    with gone, explained(str(path)):
        path.read_bytes()


def test_a_path_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    unreadable = pytest.raises(IngestError, match=r"cannot be read: Is a directory$")
    with unreadable, explained(str(tmp_path)):
        tmp_path.read_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no gzip", "Not a gzipped file"),
        (gzip.compress(b"text", mtime=0)[:-4], "Compressed file ended"),
    ],
)
def test_a_compressed_file_that_is_damaged_says_how(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    damaged = pytest.raises(IngestError, match=rf"a\.gz is damaged: {why}")
    with damaged, explained(str(path)), path.open("rb") as plain:
        decompressed(plain).read()
