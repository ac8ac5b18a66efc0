"""The manifest of a folder of shards: which files belong to it, written last, by rename.

A reader that takes the files it names sees one complete run, the old or the new.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.file.disk import sync_folder

NAME = "_manifest.json"


class Shard(ConfigModel):
    """One file of the folder and its number of lines."""

    name: str
    count: int

    @field_validator("name")
    @classmethod
    def _stays_in_its_folder(cls, name: str) -> str:
        return _plain(name)


class Manifest(ConfigModel):
    """``generation`` counts the manifests of this folder, so that no two share a file name.

    ``superseded`` are files of earlier manifests that were to be removed after this one was
    in place. It is kept here so that whoever comes next can finish an interrupted removal.
    """

    run_id: str
    generation: int
    total: int
    files: list[Shard]
    superseded: list[str] = Field(default_factory=list)

    @field_validator("superseded")
    @classmethod
    def _stay_in_their_folder(cls, names: list[str]) -> list[str]:
        return [_plain(name) for name in names]


def read(folder: Path) -> Manifest | None:
    """The manifest of ``folder``, None where it has none.

    Raises ``FatalError`` for one that cannot be read.
    """
    path = folder / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FatalError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FatalError(
            f"{path} is no manifest of this sink: {where}: {first['msg']}",
            hint="remove it, or choose another folder",
        ) from None


def write(folder: Path, manifest: Manifest, scratch: Path) -> None:
    """Put ``manifest`` in place at once; ``scratch`` is a folder of the same file system."""
    temporary = scratch / NAME
    with temporary.open("wb") as file:
        file.write(manifest.model_dump_json(by_alias=True, indent=2).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / NAME)
    sync_folder(folder)


def _plain(name: str) -> str:
    if name in ("", ".", "..", NAME) or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file in this folder")
    return name
