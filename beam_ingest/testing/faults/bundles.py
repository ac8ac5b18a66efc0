"""What a retrying runner makes of a split's batches: again, broken off, in another order.

A runner may process a bundle twice, also where the first time ended well; may lose a worker in the
middle of one; and a split that is read again in a later attempt comes in batches of other sizes
under other ids. What a sink holds at the end is to be the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beam_ingest.api.record import Record

Attempt = tuple[tuple[int, Sequence[Record]], ...]
"""The batches of one attempt, in the order in which they come: a number (a batch has the same one
each time it comes) and its records. Each attempt is another worker's, with an instance of its own.
"""


@dataclass(frozen=True, slots=True)
class Retried:
    """One way in which a runner may deliver the records of a split. ``how`` is for a message."""

    how: str
    attempts: tuple[Attempt, ...]


def retried(records: Sequence[Record], *, recut: bool = True) -> Iterator[Retried]:
    """The ways in which ``records`` may come, each of which has the effect of coming once.

    Without ``recut`` batches keep their records: staged files, whose cut depends on the split
    alone.
    """
    batches = tuple(enumerate(_cut(records, 3)))
    yield Retried("the bundle was run twice", (batches, batches))
    yield Retried("a worker died after its first batch", (batches[:1], batches))
    yield Retried(
        "two workers had the bundle, and one was slow",
        (batches[:2], batches, batches[1:2]),
    )
    yield Retried("batches came in another order", (tuple(reversed(batches)),))
    if recut:
        again = tuple(enumerate(_cut(records, 2), len(batches)))
        yield Retried("the split was read again, and cut otherwise", (batches[:2], again))


def _cut(records: Sequence[Record], parts: int) -> Iterator[Sequence[Record]]:
    size = -(-len(records) // parts) or 1
    for start in range(0, len(records), size):
        yield records[start : start + size]
