"""Components that the replays' tests name by dotted path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beam_ingest import (
    BulkSink,
    ConfigModel,
    Deferred,
    Outcome,
    Processor,
    Record,
    Rejected,
    Source,
    Split,
    StagedFile,
    Unreadable,
    Written,
)


class Torn(Source):
    """Three records, and a line between them that is none."""

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        yield {"name": "a", "n": 0}
        yield Unreadable("in.jsonl:2", "no JSON", b"{torn")
        yield {"name": "b", "n": 1}


class Twins(Processor):
    """Makes two of each record; ``bad`` names fail."""

    class Config(ConfigModel):
        bad: list[str] = []

    def process(self, record: Any) -> Any:
        twins = [{**record, "name": f"{record['name']}.{which}"} for which in "xy"]
        if record["name"] in self.config.bad:
            raise ValueError("not this one")
        return twins


class Settings(Processor):
    """Writes a setting of the run onto each record."""

    def process(self, record: Any) -> Any:
        return {**record, "skipUnchanged": self.context.settings.skip_unchanged}


class Pile(BulkSink):
    """One file a record, an upsert; what ``rejects`` names is rejected, with ``fail`` all fails.

    ``defer`` puts off a record (by name) until the one it needs is there.
    """

    class Config(ConfigModel):
        path: str
        rejects: list[str] = []
        fail: bool = False
        defer: dict[str, str] = {}

    config: Config

    def publish(self, file: StagedFile) -> Iterator[Outcome]:
        if self.config.fail:
            raise ConnectionError("it went away")
        folder = Path(self.config.path)
        folder.mkdir(exist_ok=True)
        for line, record in zip(file.lines(), file.records(), strict=True):
            name = record["name"]  # type: ignore[index]
            if name in self.config.rejects:
                yield Rejected("mapping error")
            elif name in self.config.defer and not (folder / self.config.defer[name]).exists():
                yield Deferred(f"needs {self.config.defer[name]}")
            else:
                (folder / name).write_bytes(line)
                yield Written()
