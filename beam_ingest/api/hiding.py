"""What a message must not show: secrets in URLs, and the values of secrets in use.

Connectors keep secrets out of what they say. This is the last door before a text leaves the
process (a log line, a reason, a traceback), for what a library or a user's code put into it.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from beam_ingest.api.secrets import MASK, values_in_use
from beam_ingest.api.url_secrets import with_secrets

_SHORTEST = 5
"""A shorter secret would hide words of our own."""


def hide(text: str) -> str:
    """``text`` without the secrets of URLs, and without the values of this process's secrets."""
    text = with_secrets(text, lambda secret: MASK)
    for value in values_in_use():
        if len(value) < _SHORTEST:
            continue
        for spelling in _spellings(value):
            if spelling in text:
                text = text.replace(spelling, MASK)
    return text


@lru_cache(1_000)
def _spellings(value: str) -> tuple[str, ...]:
    """``value``, and as a library puts it into a URL, JSON, or a representation; longest first."""
    text = value.encode("utf-8", "surrogatepass")
    found = {
        value,
        quote(text), quote(text, safe=""), quote_plus(text),
        json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1], repr(text)[2:-1],
    }  # fmt: skip
    return tuple(sorted(found, key=len, reverse=True))


class HidingFormatter(logging.Formatter):
    """A formatter whose lines, and whose tracebacks, hide what must not be shown."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        return hide(super().format(record))


def hide_in_logs() -> None:
    """From here on every log record of this process hides it, before any handler sees the record.

    For a worker process: an engine sends its records to the launcher, which has read none of the
    secrets that are variables and files. A traceback becomes part of the message.
    """
    made, formatter = logging.getLogRecordFactory(), logging.Formatter()

    def hidden(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = made(*arguments, **options)
        try:
            text = record.getMessage()
        except Exception:  # arguments that do not fit: the handler says so
            return record
        if record.exc_info and record.exc_info[0] is not None:
            text = f"{text}\n{formatter.formatException(record.exc_info)}"
        record.msg, record.args, record.exc_info = hide(text), None, None
        return record

    logging.setLogRecordFactory(hidden)
