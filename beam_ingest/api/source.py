"""Sources: what reads records from an external system."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import RetireRefused
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.settings import RetireLimits


@dataclass(frozen=True, slots=True)
class Split:
    """A piece of a source's work: read alone, anywhere, twice with the same result.

    ``key`` is unique in the run; ``payload`` is JSON-able and holds what ``read`` needs.
    """

    key: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remember:
    """Something for the next run to go on from: a position of a log, the end of a file.

    The runs of one workflow share a state, a mapping of JSON values; this sets ``key`` in it, and
    None takes the key out. Later ones win: the listing's first, then the splits' in the order in
    which they were listed. Holds no secret, and stays small: the whole state goes to every worker.

    The state is advanced at the very end of a run, by one atomic step, only where the run counts
    as a success and everything it wrote is published and committed. So what is remembered was
    written, whatever happens; the other way round a run that died is read again.
    """

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Scope:
    """A container, and the complete listing of all names in it, before any filter.

    ``names`` are fully qualified. What a server holds in the scope and ``names`` does not name
    may be retired. A listing that failed is a ``Scope`` with ``failed`` set to the reason: it
    retires nothing and is reported as a failure; it is never an empty listing.
    ``entity_type`` says what the names are: tables of a schema, schemas of a database.
    """

    fqn: str
    names: Collection[str] = ()
    entity_type: str = "table"
    failed: str | None = None
    limits: RetireLimits = field(default_factory=RetireLimits)

    def gone(self, held: Collection[str]) -> list[str]:
        """Those of ``held`` (what the server has in this scope) that may be retired, sorted.

        Raises ``RetireRefused`` where that is more than ``beam.retire`` allows.
        """
        gone = sorted(set(held).difference(self.names))
        if len(gone) > self.limits.floor and len(gone) > self.limits.max_share * len(held):
            raise RetireRefused(
                f"{self.fqn}: {len(gone)} of {len(held)} names would be retired, more than "
                f"the share of {self.limits.max_share:g} that beam.retire.maxShare allows",
                hint="if they are really gone, run once with --allow-retire",
            )
        return gone


class UncheckedSourceConfig(ConfigModel):
    """The ``sourceConfig.config`` of a source that declares none: any keys."""

    model_config = ConfigModel.model_config | {"extra": "allow"}


class Source(Component):
    """Reads a bounded set of records.

    ``SourceConfig`` is the model of the workflow's ``sourceConfig.config``; what was configured
    is ``self.context.source_config``.
    """

    kind: ClassVar[str] = "source"
    SourceConfig: ClassVar[type[ConfigModel]] = UncheckedSourceConfig

    def remembers(self) -> bool:
        """Whether it yields ``Remember`` and reads ``self.context.state``; asked before ``open``.

        Then no two runs of the workflow go on from the same state at once. Default: no.
        """
        return False

    def parents(self) -> Iterator[Record]:
        """What must exist before the records: service, database, schemas. Default: nothing."""
        return iter(())

    def splits(self) -> Iterator[Split | Scope | Remember]:
        """List the work, and the scopes whose listing is complete. Default: one split.

        What is known already of where the next run is to go on may be a ``Remember`` here.

        An exception ends the listing as failed: nothing is retired and the run has failed,
        but what was listed before it is read.
        """
        yield Split("all")

    def read(self, split: Split) -> Iterator[Record | Unreadable | Remember]:
        """Stream the records of ``split``, in the same order each time; never a list of all.

        Where one record cannot be decoded and the next ones can (a line that is no JSON object),
        yield an ``Unreadable`` in its place: it costs one dead letter, not the split. A
        ``Remember`` of what is known only now counts when the split was read to its end.
        Called again from the start after a ``TransientError`` and in another attempt.
        """
        raise NotImplementedError(f"{type(self).__name__}.read")


@dataclass(frozen=True, slots=True)
class Timed:
    """A message of an unbounded source: what it holds, its event time and its number.

    ``record`` is an ``Unreadable`` where the message cannot be decoded: it costs one dead letter.
    ``at`` is in seconds since the epoch, UTC. ``number`` is its place in the partition: 0 or
    more, growing from each message to the next (with gaps, if need be) and the same whenever it
    is read, as a log's offset is. By it a message is counted once, however often it is read.
    """

    record: Record | Unreadable
    at: float
    number: int


@dataclass(frozen=True, slots=True)
class Poll:
    """What one ``poll`` found: messages, where to go on, and how far event time has come.

    ``watermark`` is the source's word that no later message of this partition is older (seconds
    since the epoch); one that is older nonetheless is late, and counted as that.
    """

    records: Sequence[Timed]
    position: Any
    watermark: float


class StreamSource(Component):
    """Reads messages without end, partition by partition. Positions are plain JSON."""

    kind: ClassVar[str] = "source"
    SourceConfig: ClassVar[type[ConfigModel]] = UncheckedSourceConfig

    def partitions(self) -> Iterator[Split]:
        """The partitions, listed before anything is read."""
        yield Split("all")

    def start(self, partition: Split) -> Any:
        """Where a new run begins: a position, asked once and kept with the run.

        Default: None, before the first message that the partition holds.
        """
        return None

    def poll(self, partition: Split, position: Any) -> Poll:
        """What there is after ``position`` (None: from the first message on).

        Returns soon, also when there is nothing, and never more than fits easily in memory. From
        the same position the same messages come again, after a fault and elsewhere. A
        ``TransientError`` is tried again for as long as the run lasts.
        """
        raise NotImplementedError(f"{type(self).__name__}.poll")

    def acknowledge(self, partition: Split, position: Any) -> None:
        """Everything before ``position`` is durable. May be called late, twice, or never."""
