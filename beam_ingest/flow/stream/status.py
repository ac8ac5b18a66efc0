"""How far an unbounded run has come, from the journals of its partitions. No Beam."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.journal import Journal, is_drained, partition_ids


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Partitions, those of them that are drained, and messages.

    A message is ``settled`` when all that became of it is published or a dead letter (``failed``
    counts these), and its source may be told.
    """

    partitions: int
    drained: int
    settled: int
    failed: int

    def to_json(self) -> dict[str, int]:
        """As ``status --json`` prints it."""
        return asdict(self)


def stream_status(run: RunDir) -> StreamStatus | None:
    """What the journals say; None for a run that has none, which is a bounded one."""
    found = (Journal.read(run, id_) for id_ in partition_ids(run))
    journals = [journal for journal in found if journal is not None]
    if not journals:
        return None
    return StreamStatus(
        partitions=len(journals),
        drained=sum(is_drained(run, journal.id) for journal in journals),
        settled=sum(_read(journal) for journal in journals),
        failed=sum(journal.tally.dead_letters for journal in journals),
    )


def _read(journal: Journal) -> int:
    # Not the numbers that are settled: those have gaps. The first step of a ledger is the source.
    return next((counts.in_ for counts in journal.tally.ledger.steps.values()), 0)
