"""Local files that a source lists in one process and reads in others, later."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from beam_ingest.api.errors import FatalError, IngestError

BUFFER = 1 << 20
"""So many bytes are read from a file at once."""


def status_of(path: Path) -> os.stat_result:
    """What a file that was just found is. Raises ``FatalError`` where it is gone again."""
    try:
        return path.stat()
    except OSError as error:
        raise FatalError(
            f"{path} was listed and cannot be read: {error.strerror}",
            hint="if something has just replaced or rotated it, run again",
        ) from None


def decompressed(plain: BinaryIO) -> BinaryIO:
    """The content of a gzip file; what is damaged raises as ``explained`` expects it."""
    # A buffered reader around it finds the lines in C; GzipFile's own readline is Python.
    return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=plain), BUFFER))


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """While the listed file ``path`` is read: the system's errors come out as ``IngestError``."""
    try:
        yield
    except FileNotFoundError:
        raise IngestError(
            f"{path} is gone: the run had listed it",
            hint="run again; all workers must see the same files",
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IngestError(
            f"{path} is damaged: {error}", hint="what came before the damage was read"
        ) from None
    except OSError as error:
        raise IngestError(f"{path} cannot be read: {error.strerror}") from None
