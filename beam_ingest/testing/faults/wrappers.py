"""Components that wrap another one, pass everything on, and fail by a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, TypeVar

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.component import Component
from beam_ingest.api.outcomes import Outcome, Retired
from beam_ingest.api.processor import Processed, Processor
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.registry import Kind
from beam_ingest.api.sink import Batch, Sink, Token
from beam_ingest.api.source import Poll, Remember, Scope, Source, Split, StreamSource
from beam_ingest.api.stage import Partial, Stage
from beam_ingest.testing.faults.config import FaultyConfig
from beam_ingest.testing.faults.script import FaultScript
from beam_ingest.testing.faults.wrapper import Wrapper, names_of

E = TypeVar("E", Sink, BulkSink)

_OPEN = ("open", "close")
_RUN = ("begin", "commit", "abort", "retire")


def faulty(component: Component, script: FaultScript) -> Any:
    """``component``, failing by ``script``: a component of the same kind that passes it all on.

    Raises ``TypeError`` for what is no component of a known kind.
    """
    for cls in WRAPPERS:
        if isinstance(component, cls.Config.of_class):
            type_ = f"{type(component).__module__}.{type(component).__qualname__}"
            config = cls.Config.model_construct(
                wraps=type_, config=component.config, faults=script.faults, counter=None
            )
            wrapper = cls(config, component.context)
            # In place of what the cached properties would make of the configuration.
            wrapper.__dict__.update(wrapped=component, script=script)
            return wrapper
    raise TypeError(f"{type(component).__name__} is no component that can be wrapped")


class _Ends(Wrapper[E]):
    """What the wrappers of sinks and bulk sinks do at the begin and the end of a run."""

    def retire(self, scope: Scope) -> Retired | None:
        """Retire in the wrapped component."""
        return self.call("retire", lambda: self.wrapped.retire(scope))

    def begin(self) -> Token:
        """Begin in the wrapped component."""
        return self.call("begin", self.wrapped.begin)

    def commit(self, token: Token) -> None:
        """Commit in the wrapped component."""
        self.call("commit", lambda: self.wrapped.commit(token))

    def abort(self, token: Token) -> None:
        """Abort in the wrapped component."""
        self.call("abort", lambda: self.wrapped.abort(token))

    def replaces(self) -> str | None:
        """As the wrapped component."""
        return self.wrapped.replaces()

    def no_stream(self) -> str | None:
        """As the wrapped component."""
        return self.wrapped.no_stream()


class FaultySource(Wrapper[Source], Source):
    """A source that fails by a script."""

    class Config(FaultyConfig):
        """``at`` counts the records of each reading of a split, parents and listed splits."""

        of_kind = Kind.SOURCE
        of_class = Source
        methods = ("read", "splits", "parents", *_OPEN)

    def remembers(self) -> bool:
        """As the wrapped component."""
        return self.wrapped.remembers()

    def parents(self) -> Iterator[Record]:
        """The parents, until the script says otherwise."""
        return self.each("parents", self.wrapped.parents())

    def splits(self) -> Iterator[Split | Scope | Remember]:
        """The splits and scopes, until the script says otherwise."""
        return self.each("splits", self.wrapped.splits())

    def read(self, split: Split) -> Iterator[Record | Unreadable | Remember]:
        """The records of ``split``, until the script says otherwise."""
        return self.each("read", self.wrapped.read(split), split.key)


class FaultyStreamSource(Wrapper[StreamSource], StreamSource):
    """A stream source that fails by a script."""

    class Config(FaultyConfig):
        """``at`` counts polls."""

        of_kind = Kind.SOURCE
        of_class = StreamSource
        methods = ("poll", "acknowledge", *_OPEN)

    def partitions(self) -> Iterator[Split]:
        """The partitions."""
        return self.wrapped.partitions()

    def start(self, partition: Split) -> Any:
        """Where the wrapped component begins."""
        return self.wrapped.start(partition)

    def poll(self, partition: Split, position: Any) -> Poll:
        """Poll the wrapped component."""
        return self.call(
            "poll", lambda: self.wrapped.poll(partition, position), split=partition.key
        )

    def acknowledge(self, partition: Split, position: Any) -> None:
        """Acknowledge in the wrapped component."""
        self.call(
            "acknowledge",
            lambda: self.wrapped.acknowledge(partition, position),
            split=partition.key,
        )


class FaultyProcessor(Wrapper[Processor], Processor):
    """A processor that fails by a script."""

    class Config(FaultyConfig):
        """``at`` counts records."""

        of_kind = Kind.PROCESSOR
        of_class = Processor
        methods = ("process", *_OPEN)

    def process(self, record: Record) -> Processed:
        """Process in the wrapped component; a generator is handed on as it is."""
        return self.call("process", lambda: self.wrapped.process(record), names=names_of([record]))


class FaultySink(_Ends[Sink], Sink):
    """A sink that fails by a script. A staged sink is two: wrap its stage or its bulk sink."""

    class Config(FaultyConfig):
        """``at`` counts batches."""

        of_kind = Kind.SINK
        of_class = Sink
        methods = ("write", *_RUN, *_OPEN)

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        """Write in the wrapped component."""
        return self.told(
            "write",
            lambda: self.wrapped.write(batch),
            len(batch.records),
            names_of(batch.records),
        )


class FaultyStage(Wrapper[Stage], Stage):
    """A stage that fails by a script."""

    class Config(FaultyConfig):
        """``at`` counts calls of each method."""

        of_kind = Kind.STAGE
        of_class = Stage
        methods = ("keyed", "combine", "expand", "finish", "encode", *_OPEN)

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Partial]]:
        """Key in the wrapped component."""
        return self.call("keyed", lambda: self.wrapped.keyed(record), names=names_of([record]))

    def combine(self, a: Partial, b: Partial) -> Partial:
        """Combine in the wrapped component."""
        return self.call("combine", lambda: self.wrapped.combine(a, b))

    def expand(self, combined: Iterable[tuple[str, Partial]]) -> Iterable[tuple[str, Partial]]:
        """Expand in the wrapped component."""
        return self.call("expand", lambda: self.wrapped.expand(combined))

    def finish(self, key: str, partial: Partial) -> Record:
        """Finish in the wrapped component."""
        return self.call("finish", lambda: self.wrapped.finish(key, partial))

    def encode(self, record: Record) -> bytes:
        """Encode in the wrapped component."""
        return self.call("encode", lambda: self.wrapped.encode(record), names=names_of([record]))


class FaultyBulkSink(_Ends[BulkSink], BulkSink):
    """A bulk sink that fails by a script."""

    class Config(FaultyConfig):
        """``at`` counts files."""

        of_kind = Kind.BULK_SINK
        of_class = BulkSink
        methods = ("publish", *_RUN, *_OPEN)

    commit_on: ClassVar[Any] = property(lambda self: self.wrapped.commit_on)

    def publish(self, file: StagedFile) -> Iterable[Outcome] | None:
        """Publish in the wrapped component."""
        return self.told("publish", lambda: self.wrapped.publish(file), file.count)


WRAPPERS: tuple[Any, ...] = (
    FaultySource, FaultyStreamSource, FaultyProcessor, FaultySink, FaultyStage, FaultyBulkSink,
)  # fmt: skip
