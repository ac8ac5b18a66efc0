"""Dead letters: records that failed, with the step, the reason and what is needed to replay them.

One JSON line each. A record of more than ``RECORD_BYTES`` is kept in part, as text, and cannot
be replayed; the line says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from beam_ingest.api.codec import encode
from beam_ingest.api.errors import IngestError, RecordError
from beam_ingest.api.hiding import hide
from beam_ingest.api.record import Record, name_of
from beam_ingest.api.text import sayable
from beam_ingest.flow.origin import Origin

RAISED = (Exception, SystemExit)
"""What a component's code raises and only its record, file or split pays for.

A function that calls ``sys.exit()`` must not end a worker with the records of others; Ctrl-C does.
"""
RECORD_BYTES = 1024 * 1024
REASON_BYTES = 4096


@dataclass(slots=True)
class DeadLetter:
    """A record that failed at ``step`` for ``reason``.

    ``record`` is its JSON line (see ``api.codec``), or None where it has none: then ``raw`` is
    what there is of it, as text. ``origin`` is the letter that it was before, in a replay.
    """

    step: str
    reason: str
    name: str
    record: bytes | None
    raw: str | None = None
    attempts: int = 1
    origin: Origin | None = None

    @classmethod
    def of(cls, step: str, reason: str, record: Record, *, attempts: int = 1) -> DeadLetter:
        """The dead letter of a record that cannot go on."""
        try:
            line = encode(record)
        except Exception as error:  # the broken record may be broken in any way
            why = error.message if isinstance(error, RecordError) else reason_of(error)
            return cls(step, f"{reason}; {why}", name_of(record), None, _text(record), attempts)
        if len(line) > RECORD_BYTES:
            return cls(step, reason, name_of(record), None, _text(line), attempts)
        return cls(step, reason, name_of(record), line, None, attempts)

    @classmethod
    def of_raw(cls, step: str, reason: str, where: str, raw: object) -> DeadLetter:
        """The dead letter of what was no record at all; ``where`` is its file and line."""
        return cls(step, reason, where, None, _text(raw))

    @classmethod
    def of_line(cls, step: str, reason: str, line: bytes) -> DeadLetter:
        """The dead letter of a line that a stage encoded."""
        try:
            value = from_json(line)
        except ValueError:
            return cls.of_raw(step, reason, "(a line that is no JSON)", line)
        name = name_of(value) if isinstance(value, dict) else "(a line that is no object)"
        if len(line) > RECORD_BYTES:
            return cls.of_raw(step, reason, name, line)
        return cls(step, reason, name, line)

    def again(self, origin: Origin | None) -> DeadLetter:
        """This letter, where it comes from one that was replayed: its attempts count on."""
        if origin is not None:
            self.attempts += origin.attempts
            self.origin = origin
        return self

    def to_line(self, split: str) -> bytes:
        """The JSON line of the file, with its line break."""
        head: dict[str, Any] = {
            "step": self.step,
            "reason": sayable(_cut(hide(self.reason))),
            "name": sayable(_cut(self.name)),
            "split": sayable(split),
            "attempts": self.attempts,
        }
        if self.origin is not None:
            head["origin"] = {"file": self.origin.file, "line": self.origin.line}
        if self.raw is not None:
            head["raw"] = self.raw
        line = to_json(head)
        if self.record is None:
            return line + b"\n"
        return line[:-1] + b',"record":' + self.record + b"}\n"

    @classmethod
    def from_line(cls, line: bytes) -> DeadLetter:
        """The dead letter that ``to_line`` wrote."""
        value = from_json(line)
        record = value.get("record")
        return cls(
            value["step"],
            value["reason"],
            value["name"],
            None if record is None else to_json(record),
            value.get("raw"),
            value["attempts"],
        )


def reason_of(error: BaseException) -> str:
    """What to write of an error: our own by their message, others with their type; never empty."""
    kind = type(error).__name__
    try:
        text = str(error).strip()
    except Exception:  # a user's __str__ may raise anything
        return kind
    if isinstance(error, IngestError):
        return hide(text) or kind
    return f"{kind}: {hide(text)}" if text else kind


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value[:RECORD_BYTES].decode("utf-8", "replace")
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:  # a user's __repr__ may raise anything
        return f"(a {type(value).__name__} that cannot be shown: {type(error).__name__})"
    return sayable(text[:RECORD_BYTES])


def _cut(text: str) -> str:
    return text if len(text) <= REASON_BYTES else text[: REASON_BYTES - 1] + "…"
