"""The paths that the file connectors take: local ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from beam_ingest.api.config_model import WorkerPath

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _local(path: str) -> str:
    scheme = _SCHEME.match(path)
    if scheme:
        raise ValueError(
            f"{scheme[0]} paths are not supported: type file reads and writes local paths only, "
            "which may be a mounted folder that all workers see"
        )
    if not path.strip():
        raise ValueError("the path is empty")
    return path


LocalPath = Annotated[str, AfterValidator(_local), WorkerPath()]
"""A path on a file system that all workers see; ``~`` is the home folder."""


def resolved(path: str) -> Path:
    """``path`` as an absolute one: ``~`` expanded, symbolic links and ``..`` followed."""
    return Path(path).expanduser().resolve()
