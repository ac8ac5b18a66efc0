"""What the file bulk sink makes of a run's parts: one file, or a folder of shards.

Both put the new in place of the old at once, by one rename. Both can be stopped at any point
and done again.
"""

from __future__ import annotations

import glob
from abc import ABC, abstractmethod
from pathlib import Path

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.file import disk, manifest
from beam_ingest.connectors.file.manifest import Manifest, Shard
from beam_ingest.connectors.file.parts import Parts


class Artefact(ABC):
    """The output of one run at ``target``. ``run`` is safe in a file name."""

    def __init__(self, target: Path, run: str) -> None:
        self.target = target
        self.run = run

    @property
    @abstractmethod
    def parts(self) -> Parts:
        """Where the run's parts wait: on the file system of the target."""

    @abstractmethod
    def check(self) -> None:
        """Raise ``FatalError`` where something else is in the target's place."""

    @abstractmethod
    def put(self) -> None:
        """Put what the parts hold in place of what was there."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether a run has put something in place."""

    def undo(self) -> None:
        """Remove what this run made and did not put in place."""
        self.parts.remove()


class SingleFile(Artefact):
    """All parts in one file."""

    @property
    def parts(self) -> Parts:
        """Beside the file."""
        return Parts(self.target.with_name(f".{self.target.name}.parts-{self.run}"))

    def check(self) -> None:
        """Only a regular file can be replaced."""
        if self.target.is_dir():
            raise FatalError(
                f"{self.target} is a folder",
                hint="name a file in it, or write shards: true to fill the folder",
            )
        if self.target.exists() and not self.target.is_file():
            raise FatalError(
                f"{self.target} is no regular file and cannot be replaced",
                hint="the sink 'console' prints records",
            )

    def put(self) -> None:
        """Copy the parts together: the file shares nothing with what the run keeps."""
        whole = self.parts.scratch / "whole"
        disk.concatenate((part.path for part in self.parts), whole)
        whole.replace(self.target)
        disk.sync_folder(self.target.parent)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.target.exists()


class Shards(Artefact):
    """Each part a file of the folder, named by its manifest."""

    @property
    def parts(self) -> Parts:
        """Inside the folder, which may be a file system of its own."""
        return Parts(self.target / f".parts-{self.run}")

    def check(self) -> None:
        """The folder may hold other files, but no manifest of another kind."""
        if self.target.exists() and not self.target.is_dir():
            raise FatalError(
                f"{self.target} is a file, and shards: true fills a folder",
                hint="name a folder, or leave shards out",
            )
        manifest.read(self.target)

    def put(self) -> None:
        """Link the parts under new names, write the manifest, remove what it supersedes."""
        old = manifest.read(self.target)
        generation = old.generation + 1 if old else 1
        shards: list[Shard] = []
        parts, mode = list(self.parts), self.parts.mode
        for index, part in enumerate(parts):
            name = f"part-{index:05d}-of-{len(parts):05d}-{self.run}-{generation}.jsonl"
            part.path.chmod(mode)  # run directories are private, the folder is not
            disk.put(part.path, self.target / name, self.parts.scratch / name)
            shards.append(Shard(name=name, count=part.count))
        disk.sync_folder(self.target)
        new = Manifest(
            run_id=self.run,
            generation=generation,
            total=sum(shard.count for shard in shards),
            files=shards,
            superseded=_names(old) if old else [],
        )
        manifest.write(self.target, new, self.parts.scratch)
        self._remove(new.superseded)

    def exists(self) -> bool:
        """Whether the manifest is there."""
        return (self.target / manifest.NAME).exists()

    def undo(self) -> None:
        """Also remove the shards that no manifest names."""
        super().undo()
        current = manifest.read(self.target)
        named = _names(current) if current else []
        made = self.target.glob(f"part-*-{glob.escape(self.run)}-*.jsonl")
        self._remove(sorted({path.name for path in made}.difference(named)))

    def _remove(self, names: list[str]) -> None:
        for name in names:
            (self.target / name).unlink(missing_ok=True)


def _names(of: Manifest) -> list[str]:
    # Those it superseded are still there where it was stopped before it had removed them.
    return [shard.name for shard in of.files] + of.superseded
