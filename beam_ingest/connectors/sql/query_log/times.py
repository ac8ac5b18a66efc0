"""Times as logs write them, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from beam_ingest.api.errors import IngestError

_OFFSET = re.compile(r"([+-])(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?")
_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""As in PostgreSQL's timezonesets/Default. What is not in it, or stands for several zones in
use (IST), is not guessed."""


def in_utc(text: str) -> str:
    """An ISO 8601 time as ``2026-01-02T03:04:05.678+00:00``; without an offset it is UTC.

    Raises ``ValueError`` for what is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        # The form that OpenMetadata asks for, without the cost of printing it.
        if len(text) == 26 and text[10] == " " and text[19] == ".":
            return f"{text[:10]}T{text[11:]}+00:00"
        return moment.replace(tzinfo=UTC).isoformat()
    return moment.astimezone(UTC).isoformat()


class Clock:
    """Reads the times of one PostgreSQL log, ``2026-01-02 03:04:05.678 CET``; zones are few."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._zones: dict[str, timezone] = {}

    def at(self, text: str) -> datetime:
        """The moment. Raises ``ValueError`` for no time, ``IngestError`` for an unknown zone."""
        local, _, name = text.rpartition(" ")
        zone = self._zones.get(name)
        if zone is None:
            if " " not in local:  # not a time at all
                raise ValueError(f"{text!r} is no time with its zone")
            zone = self._zones[name] = self._zone(name)
        moment = datetime.fromisoformat(local).replace(tzinfo=zone)
        return moment if zone is UTC else moment.astimezone(UTC)

    def _zone(self, name: str) -> timezone:
        offset = _OFFSET.fullmatch(name)
        if offset:
            sign = -1 if offset[1] == "-" else 1
            hours, minutes, seconds = (int(part or 0) for part in offset.groups()[1:])
            return timezone(sign * timedelta(hours=hours, minutes=minutes, seconds=seconds))
        if name not in _HOURS:
            raise IngestError(
                f"{self._path}: the time zone {name!r} of its times is not known",
                hint="set log_timezone = 'UTC' on the server, for the logs to come",
            )
        return UTC if _HOURS[name] == 0 else timezone(timedelta(hours=_HOURS[name]))
