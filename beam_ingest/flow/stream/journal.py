"""The journal of a partition: which of its messages are settled, and what became of them.

``partitions/<id>.json`` in the run directory is replaced as a whole, and is the truth: what an
engine repeats is found settled here, and how far the source may be told is read from here. It
stays small however long the run: totals, and numbers as ranges.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from beam_ingest.api.source import Split
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, LineFile
from beam_ingest.flow.plan import Writer
from beam_ingest.flow.resume import END
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.stream.read import Cursor, Partition
from beam_ingest.flow.stream.spans import Spans

DEAD_FILES = 200
"""So many files of dead letters are named; older ones stay where they are and are counted."""


@dataclass(slots=True)
class Tally:
    """What became of some messages: of a pane, or of all that a journal has settled."""

    ledger: Ledger = field(default_factory=Ledger)
    late: int = 0
    too_late: int = 0
    panes: int = 0
    files: int = 0
    dead: list[LineFile] = field(default_factory=list)
    dead_letters: int = 0

    def keep(self, dead: LineFile | None) -> None:
        """Count a file of dead letters."""
        if dead is not None:
            self.dead_letters += dead.count
            self.dead = [*self.dead, dead][-DEAD_FILES:]

    def add(self, other: Tally) -> None:
        """Add all of ``other``."""
        self.ledger.add(other.ledger)
        self.late += other.late
        self.too_late += other.too_late
        self.panes += other.panes
        self.files += other.files
        self.dead_letters += other.dead_letters
        self.dead = [*self.dead, *other.dead][-DEAD_FILES:]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read back by ``from_json``."""
        return {
            "ledger": self.ledger.to_json(),
            "late": self.late,
            "tooLate": self.too_late,
            "panes": self.panes,
            "files": self.files,
            "deadLetters": self.dead_letters,
            "dead": [asdict(file) for file in self.dead],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Tally:
        """What ``to_json`` gave."""
        return cls(
            Ledger.from_json(value["ledger"]),
            value["late"],
            value["tooLate"],
            value["panes"],
            value["files"],
            [LineFile(**file) for file in value["dead"]],
            value["deadLetters"],
        )


@dataclass(slots=True)
class Claim:
    """A pane that is decided: its messages are these, and their files are durable.

    It is published until that is done, and only then are its messages settled. ``stages`` are the
    types of the stages that wrote its files, by writer; empty for records as a sink takes them.
    """

    id: str
    window: tuple[int, int]
    numbers: Spans
    tally: Tally
    files: dict[str, list[Chunk]]
    stages: dict[str, str]

    def fits(self, writers: Iterable[Writer]) -> bool:
        """Whether it has files for all of ``writers``, written as these are today."""
        return all(self.stages.get(writer.name) == stage_of(writer) for writer in writers)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read back by ``from_json``."""
        files = {name: [asdict(chunk) for chunk in chunks] for name, chunks in self.files.items()}
        return {
            "id": self.id,
            "window": self.window,
            "numbers": self.numbers.to_json(),
            "tally": self.tally.to_json(),
            "files": files,
            "stages": self.stages,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Claim:
        """What ``to_json`` gave."""
        start, end = value["window"]
        files = {
            name: [Chunk(**chunk) for chunk in chunks] for name, chunks in value["files"].items()
        }
        numbers, tally = Spans(value["numbers"]), Tally.from_json(value["tally"])
        return cls(value["id"], (start, end), numbers, tally, files, value["stages"])


@dataclass(slots=True)
class Journal:
    """What is known of a partition. ``polls`` are (end, position) of polls not yet acknowledged."""

    id: str
    split: Split
    start: Any
    settled: Spans = field(default_factory=Spans)
    polls: dict[int, Any] = field(default_factory=dict)
    acknowledged: tuple[int, Any] | None = None
    told: int = 0
    claim: Claim | None = None
    tally: Tally = field(default_factory=Tally)

    @property
    def is_behind(self) -> bool:
        """Whether messages are claimed, or came in a poll with claimed ones, and not settled."""
        return self.claim is not None or max(self.polls, default=0) > self.settled.prefix

    def is_settled_to(self, end: Cursor | None) -> bool:
        """Whether the partition is read to its ``end``, and all that was read of it is settled."""
        return end is not None and self.claim is None and self.settled.prefix >= end.next

    def advance(self) -> tuple[int, Any] | None:
        """The number and position before which all is settled, where that has moved on."""
        reached = [end for end in self.polls if end <= self.settled.prefix]
        if reached:
            best = max(reached)
            self.acknowledged = (best, self.polls[best])
            for end in reached:
                del self.polls[end]
        known = self.acknowledged
        return known if known is not None and known[0] > self.told else None

    def partition(self) -> Partition:
        """The partition as a run that goes on reads it: from what is not settled on."""
        number, position = self.acknowledged or (0, self.start)
        return Partition(self.id, self.split, Cursor(position, number))

    def write(self, run: RunDir) -> None:
        """Replace the journal. Raises ``OSError``."""
        value = {
            "key": self.split.key,
            "payload": self.split.payload,
            "start": self.start,
            "settled": self.settled.to_json(),
            "polls": sorted(self.polls.items()),
            "acknowledged": self.acknowledged,
            "told": self.told,
            "claim": self.claim.to_json() if self.claim else None,
            "tally": self.tally.to_json(),
        }
        run.store.write(_name(self.id), json.dumps(value, separators=(",", ":")).encode())

    @classmethod
    def read(cls, run: RunDir, id_: str) -> Journal | None:
        """The journal of a partition, or None."""
        data = run.store.read(_name(id_))
        if data is None:
            return None
        value = json.loads(data)
        acknowledged = value["acknowledged"]
        return cls(
            id_,
            Split(value["key"], value["payload"]),
            value["start"],
            Spans(value["settled"]),
            dict(value["polls"]),
            None if acknowledged is None else (acknowledged[0], acknowledged[1]),
            value["told"],
            Claim.from_json(value["claim"]) if value["claim"] else None,
            Tally.from_json(value["tally"]),
        )


def stage_of(writer: Writer) -> str:
    """The type of the stage that writes the files of ``writer``; empty where it has none."""
    return writer.stage.type if writer.stage is not None else ""


def partition_id(key: str) -> str:
    """The name of a partition's files."""
    return split_ref(key, 0, {}).id.partition("-")[2]


def listed_journals(run: RunDir, listing: dict[str, Any] | None) -> list[Journal]:
    """Those of the listing, not of partitions that an earlier attempt read and that are gone."""
    keys = [key for key, _ in listing["splits"]] if listing else []
    found = (Journal.read(run, partition_id(key)) for key in keys)
    return [journal for journal in found if journal is not None]


def gone_journals(run: RunDir, listing: dict[str, Any] | None) -> list[Journal]:
    """Those of partitions that an earlier attempt read and that are not in the listing."""
    listed = {partition_id(key) for key, _ in listing["splits"]} if listing else set()
    return all_journals(run, besides=listed)


def all_journals(run: RunDir, besides: Collection[str] = ()) -> list[Journal]:
    """Those of every partition that an attempt at the run has listed; none of a run that ends."""
    names = [name for name in run.store.names("partitions") if name.endswith(".json")]
    ids = [name.removesuffix(".json") for name in names if not name.endswith(END)]
    found = (Journal.read(run, id_) for id_ in ids if id_ not in besides)
    return [journal for journal in found if journal is not None]


def write_end(run: RunDir, id_: str, cursor: Cursor) -> None:
    """Say that a partition is read no further than ``cursor`` in this attempt: it is drained."""
    run.store.write(f"partitions/{id_}{END}", json.dumps(cursor.to_json()).encode())


def read_end(run: RunDir, id_: str) -> Cursor | None:
    """What ``write_end`` wrote, or None."""
    data = run.store.read(f"partitions/{id_}{END}")
    return None if data is None else Cursor(*json.loads(data))


def _name(id_: str) -> str:
    return f"partitions/{id_}.json"
