"""What became of a record in a sink: one outcome a record, in the order of the batch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """The record is stored."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The record was there already, the same: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not yet: it needs something that is written later (a foreign key's target).

    After all records the framework offers it again, in waves (``Batch.wave``), for as
    long as a wave settles any; what is left then becomes a dead letter with this ``why``.
    """

    why: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good: a dead letter with this reason, in the server's own words."""

    why: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Left out, and that is no failure: counted as filtered, with this reason.

    For what has no place in the system: the use of a table that it does not know.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Retired:
    """How many names a scope lost."""

    count: int


Outcome = Written | Unchanged | Deferred | Rejected | Skipped

WRITTEN = Written()
UNCHANGED = Unchanged()
