"""The days of a server's log that a run reads, each a split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from beam_ingest.api.source import Split


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` on and before ``end``, in UTC, within one day."""

    begin: datetime
    end: datetime


def day_splits(log: str, back: int, now: datetime) -> Iterator[Split]:
    """``back`` whole days of UTC and today until ``now``, the oldest first.

    Days, since usage is counted by day: of a day that is only partly read, too little would be
    counted. The end of today is fixed here, so that the split holds the same when read again.
    """
    today = now.astimezone(UTC).date()
    for age in range(back, -1, -1):
        day = _midnight(today - timedelta(days=age))
        end = min(day + timedelta(days=1), now.astimezone(UTC))
        payload = {"begin": day.isoformat(), "end": end.isoformat()}
        yield Split(f"{log}/{day.date().isoformat()}", payload)


def span_of(payload: dict[str, Any]) -> Span:
    """What ``day_splits`` put into a payload."""
    return Span(*(datetime.fromisoformat(payload[key]) for key in ("begin", "end")))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
