"""What a user of the processor ``python`` writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest import Drop, Processor, Record

not_callable = 3


def tag(record: dict[str, Any], colour: str = "red") -> dict[str, Any]:
    return {**record, "colour": colour}


def twice(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield record
    yield {**record, "copy": True}


def drop(record: dict[str, Any]) -> None:
    raise Drop("not wanted")


def takes_nothing() -> None:
    return None


class Prefix:
    """Built once, with options; closed at the end."""

    def __init__(self, *, prefix: str, password: str = "") -> None:
        self.prefix = prefix
        self.password = password
        self.closed = 0

    def process(self, record: dict[str, Any]) -> dict[str, Any]:
        return {"n": self.prefix + str(record["n"])}

    def close(self) -> None:
        self.closed += 1


class Called:
    def __call__(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        return [record, record]


class Broken:
    def __init__(self) -> None:
        raise OSError("no such model")

    def process(self, record: Record) -> Record:
        return record


class Nothing:
    """Can do nothing with a record."""


class Proper(Processor):
    """A type of its own."""
