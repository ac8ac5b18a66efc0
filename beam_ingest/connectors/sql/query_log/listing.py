"""Which log files a path names: a file, a folder or a glob, the rotated and the compressed too."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path

from beam_ingest.api.errors import FatalError
from beam_ingest.api.files import status_of

_IN_A_FOLDER = re.compile(r"[^._].*\.(csv|jsonl|ndjson|json)([.-]\d[\d_-]*)?(\.gz)?")
"""What is read of a folder: ``a.csv``, rotated ``a.csv.1`` or ``a.csv-20260102``, with ``.gz``."""
_HINT = "check sourceConfig.config.queryLogFilePath"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file as it was when it was listed. ``inode`` tells it from one that took its name."""

    path: str
    size: int
    inode: int


def log_files(path: str) -> list[LogFile]:
    """The files that ``path`` names, sorted by path.

    A folder stands for the logs that lie in it, not in its subfolders; a file or a glob names
    its files whatever they are called. Raises ``FatalError`` where there is none, or where one
    cannot be looked at.
    """
    full = Path(path).expanduser().absolute()
    if full.is_dir():
        found = [file for file in _entries(full) if _IN_A_FOLDER.fullmatch(file.name)]
        missing = f"the folder {full} holds no log: a name that ends in .csv, .json or .jsonl"
        hint = f"a glob reads other files: {full}/*"
    elif full.exists():
        found, missing, hint = [full], "", ""
    else:
        # glob.glob, since Path.glob takes no absolute pattern.
        found = [Path(name) for name in glob.glob(str(full))]  # noqa: PTH207
        missing, hint = f"there is no file or folder {full}", _HINT
    listed = [_listed(file) for file in sorted(found) if file.is_file()]
    if not listed:
        raise FatalError(missing, hint=hint)
    return listed


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise FatalError(
            f"the folder {folder} cannot be listed: {error.strerror}", hint=_HINT
        ) from None


def _listed(file: Path) -> LogFile:
    status = status_of(file)
    return LogFile(str(file), status.st_size, status.st_ino)
