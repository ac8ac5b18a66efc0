"""How far an unbounded run has come, from the journals of its partitions. No Beam."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.journal import (
    Journal,
    gone_journals,
    listed_journals,
    read_end,
)


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Partitions (None until they are listed), and those of them that are drained.

    A message is ``settled`` when all that became of it is published or a dead letter, and its
    source may be told; ``dead_letters`` counts these, of which a message may have several. Both
    are also of partitions that the source no longer lists.
    """

    partitions: int | None
    drained: int = 0
    settled: int = 0
    dead_letters: int = 0

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to be read or published."""
        return self.drained == self.partitions

    def to_json(self) -> dict[str, Any]:
        """As ``status --json`` prints it."""
        values = asdict(self)
        values["deadLetters"] = values.pop("dead_letters")
        return values


def stream_status(run: RunDir, listing: dict[str, Any] | None) -> StreamStatus:
    """What the journals of an unbounded run say; ``listing`` is its own."""
    if listing is None:
        return StreamStatus(None)
    journals = listed_journals(run, listing)
    known = [*journals, *gone_journals(run, listing)]
    return StreamStatus(
        partitions=len(journals),
        drained=sum(journal.is_settled_to(read_end(run, journal.id)) for journal in journals),
        settled=sum(_read(journal) for journal in known),
        dead_letters=sum(journal.tally.dead_letters for journal in known),
    )


def _read(journal: Journal) -> int:
    # Not the numbers that are settled: those have gaps. The first step of a ledger is the source.
    return next((counts.in_ for counts in journal.tally.ledger.steps.values()), 0)
