"""Bulk sink ``file``: the staged files of a run as one file, or as a folder of shards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.outcomes import Outcome
from beam_ingest.api.sink import Token
from beam_ingest.connectors.file.artefact import Artefact, Shards, SingleFile
from beam_ingest.connectors.file.at_once import clear, put_at_once
from beam_ingest.connectors.file.paths import LocalPath, resolved


class FileConfig(ConfigModel):
    """The keys of the sink and of the bulk sink ``file``."""

    path: LocalPath = Field(
        validation_alias=AliasChoices("path", "filename"),
        description="The file that a completed run writes; with shards the folder. "
        "OpenMetadata's name of the key, filename, means the same.",
    )
    shards: bool = Field(
        False,
        description="Fill a folder with one file a staged file and a _manifest.json that names "
        "them, instead of one file: nothing is copied.",
    )


class FileBulkSink(BulkSink):
    """Writes JSON lines: parents first, then the splits in the order in which they were listed.

    A completed run puts its output in place of the old at once, whatever its status; an
    interrupted one leaves the old. All workers must see the same file system.
    """

    class Config(FileConfig):
        """``config`` of a bulk sink of type ``file``."""

    commit_on: ClassVar[Literal["success", "completed"]] = "completed"

    def publish(self, file: StagedFile) -> Iterable[Outcome] | None:
        """Put ``file`` beside the target: a hard link where possible, else a copy."""
        with _writing(self._target):
            if self.context.unbounded:
                put_at_once(self._target, file, self._run)
            else:
                self._artefact.parts.add(file)
        return None

    def begin(self) -> Token:
        """Make sure that the target can be written, before anything is read.

        Raises ``FatalError`` where it cannot.
        """
        artefact = self._artefact
        artefact.check()
        try:
            if self.context.unbounded:
                artefact.target.mkdir(parents=True, exist_ok=True)
                clear(artefact.target, self._run)
            else:
                artefact.parts.create()
        except OSError as error:
            raise FatalError(
                f"{artefact.target} cannot be written: {error.filename}: {error.strerror}",
                hint="check config.path and the folder's permissions",
            ) from None
        return {
            "path": str(artefact.target),
            "shards": isinstance(artefact, Shards),
            "run": artefact.run,
        }

    def commit(self, token: Token) -> None:
        """Put the output in place. Again after a fault, with the same effect."""
        if self.context.unbounded:
            return  # also in a replay of its dead letters
        artefact = _of(token)
        with _writing(artefact.target):
            if artefact.parts.exist():
                artefact.put()
            elif not artefact.exists():
                raise FatalError(
                    f"neither {artefact.target} nor what was to be put there exists",
                    hint="all workers must see the same folder",
                )
            artefact.parts.finish()

    def abort(self, token: Token) -> None:
        """Leave the old output; remove what this run wrote beside it."""
        artefact = _of(token)
        with _writing(artefact.target):
            artefact.undo()

    def replaces(self) -> str | None:
        """The file or folder that is there; where there is none yet, nothing is lost."""
        artefact = self._artefact
        return str(artefact.target) if artefact.exists() else None

    def no_stream(self) -> str | None:
        """Shards can be put in place one by one; one file cannot."""
        if self.config.shards:
            return None
        return "one file is put in place when a run has ended: write shards: true to fill a folder"

    def checks(self) -> Iterable[Check]:
        """Whether the path can be written."""
        return (Check("target", self._check_target),)

    @property
    def _target(self) -> Path:
        return resolved(self.config.path)

    @property
    def _run(self) -> str:
        return re.sub(r"[^A-Za-z0-9_.-]", "-", self.context.run_id) or "run"

    @property
    def _artefact(self) -> Artefact:
        return _artefact(self._target, self.config.shards, self._run)

    def _check_target(self) -> str:
        artefact = self._artefact
        artefact.check()
        nearest = next(folder for folder in artefact.parts.folder.parents if folder.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise FatalError(
                f"{artefact.target} cannot be written: {nearest} is no folder that this user "
                "may write to",
                hint="check config.path and the folder's permissions",
            )
        return f"{artefact.target} {'will be replaced' if artefact.exists() else 'will be made'}"


def _of(token: Any) -> Artefact:
    # The token, not the configuration: a later run aborts for one that died.
    return _artefact(Path(token["path"]), token["shards"], token["run"])


def _artefact(target: Path, shards: bool, run: str) -> Artefact:
    return Shards(target, run) if shards else SingleFile(target, run)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise IngestError(f"{target} cannot be written: {error.strerror}{where}") from None
