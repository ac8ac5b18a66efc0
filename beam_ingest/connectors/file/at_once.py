"""The files of an unbounded run: each is in the folder as soon as it is published.

There is no manifest, since there is no end at which it would be written: each file is whole.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.connectors.file import disk


def put_at_once(folder: Path, file: StagedFile, run: str) -> None:
    """Put ``file`` of the run ``run`` into ``folder`` under its id; again: the same."""
    temporary = folder / f".{run}.{uuid4().hex}"
    target = folder / f"{file.id}.jsonl"
    disk.put(file.path, target, temporary, opener=file.opener)
    mode = folder.stat().st_mode & 0o666
    target.chmod(mode)  # run directories are private, the folder may not be
    disk.sync_folder(folder)


def clear(folder: Path, run: str) -> None:
    """Remove what an attempt at ``run`` was putting into ``folder`` when it was killed."""
    for path in folder.glob(f".{run}." + "[0-9a-f]" * 32):
        path.unlink(missing_ok=True)
