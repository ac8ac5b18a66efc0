"""Small components that the graph's tests name by dotted path: importable in every worker."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beam_ingest import (
    Batch,
    BulkSink,
    ConfigModel,
    Deferred,
    Drop,
    FatalError,
    Outcome,
    Processor,
    Record,
    Rejected,
    Retired,
    Scope,
    Secret,
    Sink,
    Source,
    Split,
    Stage,
    StagedFile,
    TransientError,
    Written,
)


class Numbers(Source):
    """Splits of numbered records, with every fault a source can have."""

    class Config(ConfigModel):
        splits: int = 4
        records: int = 500
        parents: int = 0
        fail_split: int | None = None
        fail_after: int = 0
        error: str = "error"
        list_fails_after: int | None = None
        scope: bool = False
        failed_scope: bool = False
        excluded: list[str] = []
        once: str | None = None
        reached: str | None = None
        gate: str | None = None

    config: Config

    def parents(self) -> Iterator[Record]:
        for number in range(self.config.parents):
            yield {"name": f"parent-{number}", "n": -1, "trace": []}

    def splits(self) -> Iterator[Split | Scope]:
        config = self.config
        for index in range(config.splits):
            if index == config.list_fails_after:
                raise ConnectionError("the catalogue went away")
            yield Split(f"part/{index}", {"index": index})
        if config.scope:
            names = [f"s.{name}" for name in (*self.names(), *config.excluded)]
            yield Scope("s", names)
        if config.failed_scope:
            yield Scope("hidden", failed="permission denied")

    def names(self) -> Iterator[str]:
        for index in range(self.config.splits):
            for number in range(self.config.records):
                yield f"r{index}-{number}"

    def read(self, split: Split) -> Iterator[Record]:
        index = split.payload["index"]
        for number in range(self.config.records):
            if index == self.config.fail_split and number == self.config.fail_after:
                self._fail()
            name = f"r{index}-{number}"
            yield {"name": name, "n": index * self.config.records + number, "trace": []}

    def _fail(self) -> None:
        if self.config.reached is not None:
            # Says that it has come so far, and goes on when the gate opens (or the run is ended).
            Path(self.config.reached).touch()
            pause = threading.Event()
            while not Path(self.config.gate or "").is_file() and not pause.wait(0.02):
                continue
            return
        if self.config.once is not None:
            if Path(self.config.once).exists():
                return
            Path(self.config.once).touch()
        raise_one(self.config.error)


def raise_one(kind: str) -> None:
    """Raise the error of that kind, or kill this process."""
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "transient":
        raise TransientError("the server is busy", retry_after=0)
    if kind == "fatal":
        raise FatalError("wrong password for user x", hint="check it")
    raise RuntimeError("it broke")


class Trace(Processor):
    """Leaves its label on the record."""

    class Config(ConfigModel):
        label: str

    def process(self, record: Any) -> Any:
        record["trace"].append(self.config.label)
        return record


class Keyed(Processor):
    """Proves that it has the secret, without showing it."""

    class Config(ConfigModel):
        key: Secret
        url: str = ""

    config: Config

    def open(self) -> None:
        known = self.config.key.get() + self.config.url
        self.digest = hashlib.sha256(known.encode()).hexdigest()

    def process(self, record: Any) -> Any:
        return {**record, "digest": self.digest}


class Faulty(Processor):
    """Raises on every ``every``-th record; transient errors only ``times`` times each."""

    class Config(ConfigModel):
        every: int = 2
        error: str = "error"
        drop: bool = False
        double: bool = False

    def open(self) -> None:
        self.seen: set[str] = set()

    def process(self, record: Any) -> Any:
        if record["n"] % self.config.every == 0:
            if self.config.drop:
                raise Drop("not wanted")
            if self.config.double:
                return ({**record, "copy": copy} for copy in range(2))
            if self.config.error != "transient" or record["name"] not in self.seen:
                self.seen.add(record["name"])
                raise_one(self.config.error)
        return record


class Folder(Sink):
    """One file a record in a folder: idempotent, so its content can be compared."""

    class Config(ConfigModel):
        path: str
        bad: list[str] = []
        raises: list[str] = []
        rejects: list[str] = []
        defer: dict[str, str] = {}
        error: str = "error"
        short: bool = False
        begin_error: str | None = None

    config: Config

    def begin(self) -> Any:
        if self.config.begin_error:
            raise_one(self.config.begin_error)
        self.folder.mkdir(parents=True, exist_ok=True)
        return {"run": self.context.run_id}

    def commit(self, token: Any) -> None:
        (self.folder / f".committed-{token['run']}").touch()

    def abort(self, token: Any) -> None:
        (self.folder / f".aborted-{token['run']}").touch()

    def replaces(self) -> str | None:
        return None

    @property
    def folder(self) -> Path:
        return Path(self.config.path)

    def write(self, batch: Batch) -> list[Outcome]:
        names = [record["name"] for record in batch.records]  # type: ignore[index]
        if any(name in self.config.raises for name in names):
            raise_one(self.config.error)
        outcomes: list[Outcome] = []
        for name, record in zip(names, batch.records, strict=True):
            needs = self.config.defer.get(name)
            if name in self.config.rejects:
                outcomes.append(Rejected("the server said no"))
            elif needs is not None and not (self.folder / needs).exists():
                outcomes.append(Deferred(f"needs {needs}"))
            else:
                (self.folder / name).write_text(json.dumps(record))
                outcomes.append(Written())
        return outcomes[1:] if self.config.short else outcomes

    def retire(self, scope: Scope) -> Retired:
        held = {f"s.{file.name}" for file in self.folder.iterdir() if file.name[0] != "."}
        gone = scope.gone(held)
        for name in gone:
            (self.folder / name.removeprefix("s.")).unlink()
        return Retired(len(gone))


class Tally(Stage):
    """Counts records by the last digit of ``n``, and stores each record as it is on request."""

    class Config(ConfigModel):
        keep: bool = False

    def keyed(self, record: Any) -> Any:
        yield f"digit-{record['n'] % 10}", {"count": 1, "sum": record["n"]}
        if self.config.keep:
            yield None, record

    def combine(self, a: Any, b: Any) -> Any:
        return {"count": a["count"] + b["count"], "sum": a["sum"] + b["sum"]}

    def finish(self, key: str, partial: Any) -> Record:
        return {"name": key, **partial}


class Shelf(BulkSink):
    """Copies each file to a folder; visible after commit."""

    class Config(ConfigModel):
        path: str
        rejects: list[str] = []
        error: str | None = None
        order: str | None = None

    config: Config

    def begin(self) -> Any:
        folder = Path(self.config.path) / f"new-{self.context.run_id}"
        folder.mkdir(parents=True, exist_ok=True)
        return {"folder": str(folder)}

    def publish(self, file: StagedFile) -> Iterator[Outcome]:
        if self.config.order:
            with Path(self.config.order).open("a") as order:
                order.write(f"{file.id}\n")
        if self.config.error:
            raise_one(self.config.error)
        folder = Path(self.config.path) / f"new-{self.context.run_id}"
        (folder / file.id).write_bytes(b"\n".join(file.lines()) + b"\n")
        for record in file.records():
            bad = record["name"] in self.config.rejects  # type: ignore[index]
            yield Rejected("mapping error") if bad else Written()

    def commit(self, token: Any) -> None:
        current = Path(self.config.path) / "current"
        if Path(token["folder"]).exists():
            # Of an earlier run, or of this one, which died before it could tell of its commit.
            shutil.rmtree(current, ignore_errors=True)
            Path(token["folder"]).rename(current)

    def abort(self, token: Any) -> None:
        for file in Path(token["folder"]).glob("*"):
            file.unlink()
        Path(token["folder"]).rmdir()
