"""Components that hold secrets wherever they can, and tell them to everybody."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import Any

from beam_ingest import (
    Batch,
    BulkSink,
    ConfigModel,
    Outcome,
    Processor,
    RecordError,
    Rejected,
    Secret,
    Sink,
    Source,
    Split,
    StagedFile,
    Written,
)
from beam_ingest.api.component import Component
from beam_ingest.api.secrets import Options, resolve_options

log = logging.getLogger("tests.leaky")


class Inner(ConfigModel):
    token: Secret


class Keys(Component.Config):
    """Every shape in which a configuration can hold a secret."""

    password: Secret
    inner: Inner | None = None
    listed: list[Secret] = []
    mapped: dict[str, Secret] = {}
    options: Options = {}
    url: str | None = None

    def told(self) -> str:
        """All of them, as a careless library would put them into a message."""
        values = [self.password.get(), *(each.get() for each in self.listed)]
        values += [each.get() for each in self.mapped.values()]
        values += [str(value) for value in resolve_options(self.options).values()]
        values += [self.inner.token.get()] if self.inner else []
        return f"cannot log in with {' or '.join(values)} at {self.url}"


def tell(keys: Keys, where: str) -> str:
    """Log them, and give what an error would say."""
    log.warning("%s: %s", where, keys.told())
    log.debug("%s: %r", where, keys)
    return keys.told()


class LeakySource(Source):
    Config = Keys

    def read(self, split: Split) -> Iterator[Any]:
        tell(self.config, "source")
        for number in range(6):
            yield {"name": f"r{number}", "n": number}

    def splits(self) -> Iterator[Split]:
        yield from (Split("a"), Split("b"), Split("broken"))


class LeakyProcessor(Processor):
    Config = Keys

    def process(self, record: Any) -> Any:
        if record["n"] == 1:
            raise RuntimeError(tell(self.config, "processor"))
        if record["n"] == 2:
            raise RecordError(self.config.told(), hint=self.config.told())
        return {**record, "digest": hashlib.sha256(self.config.told().encode()).hexdigest()}


class LeakySink(Sink):
    Config = Keys

    def write(self, batch: Batch) -> list[Outcome]:
        why = tell(self.config, "sink")
        return [Rejected(why) if r["n"] == 3 else Written() for r in batch.records]  # type: ignore[index]

    def close(self) -> None:
        raise RuntimeError(self.config.told())


class LeakyBulk(BulkSink):
    Config = Keys

    def publish(self, file: StagedFile) -> Iterator[Outcome]:
        why = tell(self.config, "bulk sink")
        for record in file.records():
            yield Rejected(why) if record["n"] == 4 else Written()  # type: ignore[index]

    def commit(self, token: Any) -> None:
        raise RuntimeError(self.config.told())
