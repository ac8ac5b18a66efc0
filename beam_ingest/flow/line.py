"""The line that a stage makes of a record."""

from __future__ import annotations

from collections.abc import Callable

from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record
from beam_ingest.api.stage import Stage


def line_encoder(stage: Stage) -> Callable[[Record], bytes]:
    """``stage.encode``, checked where the stage has one of its own."""
    if type(stage).encode is Stage.encode:
        return stage.encode

    def encode(record: Record) -> bytes:
        line = stage.encode(record)
        if not isinstance(line, bytes):
            raise RecordError(f"encode() returned a {type(line).__name__}, not bytes")
        if b"\n" in line:
            raise RecordError("encode() returned more than one line")
        return line

    return encode
