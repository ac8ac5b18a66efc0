"""Parcels: the messages of one poll that fall into one window. What travels and is grouped.

A parcel is bytes: a JSON header, and a line for each record. With its messages it says what its
poll covered, so that whoever settles them knows how far the partition has been read without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json


@dataclass(slots=True)
class Parcel:
    """Messages by their numbers; ``lines`` are the records of ``numbers``, encoded.

    ``unreadable`` are messages that hold no record: number, place, reason, text. ``late`` are the
    numbers of messages whose window had ended; ``too_late`` those of them that are in another
    window than their own. The poll covered ``[since, until)``, of which no message has a number
    in ``absent``, and the partition is read on from ``position``.
    """

    since: int
    until: int
    position: Any
    absent: list[list[int]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    unreadable: list[tuple[int, str, str, str]] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    too_late: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self.numbers) + len(self.unreadable)

    def to_bytes(self) -> bytes:
        """The bytes that ``from_bytes`` reads."""
        header = {
            "since": self.since,
            "until": self.until,
            "position": self.position,
            "absent": self.absent,
            "numbers": self.numbers,
            "unreadable": self.unreadable,
            "late": self.late,
            "tooLate": self.too_late,
        }
        return b"\n".join([to_json(header), *self.lines])

    @classmethod
    def from_bytes(cls, data: bytes) -> Parcel:
        """The parcel that ``to_bytes`` wrote."""
        header, *lines = data.split(b"\n")
        value = from_json(header)
        return cls(
            value["since"],
            value["until"],
            value["position"],
            value["absent"],
            value["numbers"],
            lines,
            [(number, where, why, text) for number, where, why, text in value["unreadable"]],
            value["late"],
            value["tooLate"],
        )


def count_of(data: bytes) -> int:
    """How many messages an encoded parcel holds."""
    header = from_json(data.partition(b"\n")[0])
    return len(header["numbers"]) + len(header["unreadable"])
