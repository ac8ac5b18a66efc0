"""Stream sources and writers for the tests, named by dotted path: importable in every worker.

A source reads scripted messages from files, one a partition, so that another process and another
attempt read the same; a line is ``{"at": seconds, "record": {...}}`` or ``{"at": seconds, "raw":
text}``; ``{"watermark": seconds}`` moves event time on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from beam_ingest import (
    Batch,
    BulkSink,
    ConfigModel,
    Deferred,
    FatalError,
    Outcome,
    Poll,
    Rejected,
    Sink,
    Split,
    StagedFile,
    StreamSource,
    Timed,
    TransientError,
    Unreadable,
    Written,
)


class Scripted(StreamSource):
    class Config(ConfigModel):
        folder: str
        at_once: int = 3
        drain_after: str | None = None
        fault: str | None = None

    config: Config

    def partitions(self) -> Iterator[Split]:
        for path in sorted(Path(self.config.folder).glob("*.jsonl")):
            yield Split(path.stem)

    def poll(self, partition: Split, position: Any) -> Poll:
        self._fail_once()
        lines = (Path(self.config.folder) / f"{partition.key}.jsonl").read_text().splitlines()
        start, mark = position or (0, -1e9)
        found = []
        end = start
        for end, line in enumerate(lines[start : start + self.config.at_once], start + 1):
            value = json.loads(line)
            if "watermark" in value:
                mark = value["watermark"]
                break
            where = f"{partition.key}@{end - 1}"
            record = value.get("record") or Unreadable(where, "not JSON", value["raw"].encode())
            found.append(Timed(record, value["at"], end - 1))
        if end == len(lines) and self.config.drain_after:
            Path(self.config.drain_after, partition.key).touch()
        return Poll(found, [end, mark], mark)

    def acknowledge(self, partition: Split, position: Any) -> None:
        path = Path(self.config.folder) / f"{partition.key}.acknowledged"
        path.write_text(json.dumps(position[0]))

    def _fail_once(self) -> None:
        path = Path(self.config.fault) if self.config.fault else None
        if path is not None and path.exists():
            kind = path.read_text()
            path.unlink()
            raise {"transient": TransientError, "fatal": FatalError}[kind]("scripted", hint="mend")


class Lines(BulkSink):
    """Keeps a copy of each published file, by its id; a file of the name ``refuse`` fails it."""

    class Config(ConfigModel):
        folder: str

    config: Config

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        folder = Path(self.config.folder)
        records = list(file.records())
        if (folder / "refuse").exists():
            raise RuntimeError("refused")
        folder.joinpath(f"{file.id}.published").write_bytes(b"\n".join(file.lines()) + b"\n")
        for record in records:
            name = record["name"]  # type: ignore[index]
            yield Rejected("bad name") if name == "rejected" else Written()


class Rows(Sink):
    """Upserts by name into files; a record that waits for another one is put off."""

    class Config(ConfigModel):
        folder: str

    config: Config

    def write(self, batch: Batch) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for record in batch.records:
            folder = Path(self.config.folder)
            needs = record.get("needs")  # type: ignore[union-attr]
            if needs and not (folder / f"{needs}.row").exists():
                outcomes.append(Deferred(f"waits for {needs}"))
                continue
            name = record["name"]  # type: ignore[index]
            (folder / f"{name}.row").write_text(json.dumps(record))
            outcomes.append(Written())
        return outcomes
