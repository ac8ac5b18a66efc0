"""The files of an unbounded run: each is in the folder as soon as it is published.

There is no manifest, since there is no end at which it would be written: each file is whole.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.connectors.file import disk


def put_at_once(folder: Path, file: StagedFile) -> None:
    """Put ``file`` into ``folder`` under its id; again: the same."""
    temporary = folder / f".{uuid4().hex}"
    target = folder / f"{file.id}.jsonl"
    disk.put(file.path, target, temporary, opener=file.opener)
    mode = folder.stat().st_mode & 0o666
    target.chmod(mode)  # run directories are private, the folder may not be
    disk.sync_folder(folder)
