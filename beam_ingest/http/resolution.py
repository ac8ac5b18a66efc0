"""What a status code means for a request: the one table of it."""

from __future__ import annotations

from enum import Enum


class Resolution(Enum):
    """What to do with an answer."""

    ACCEPT = "accept"
    RETRY = "retry"
    """The server is away or busy: wait for it, for as long as the retry budget lasts."""
    RETRY_BRIEFLY = "retry briefly"
    """The server failed at this request: try a few times, then fail the record."""
    FAIL_RECORD = "fail the record"
    FAIL_RUN = "fail the run"


_TABLE: dict[int, Resolution] = {
    401: Resolution.FAIL_RUN,  # no request of this run can pass
    407: Resolution.FAIL_RUN,  # the proxy wants a login
    408: Resolution.RETRY,
    421: Resolution.RETRY,  # the connection went to another host: take a new one
    425: Resolution.RETRY,
    429: Resolution.RETRY,
    500: Resolution.RETRY_BRIEFLY,
    501: Resolution.FAIL_RECORD,
    502: Resolution.RETRY,
    503: Resolution.RETRY,
    504: Resolution.RETRY,
    505: Resolution.FAIL_RUN,
    511: Resolution.FAIL_RUN,  # a captive network
}


def resolve(status: int) -> Resolution:
    """The resolution of a status code.

    Redirects fail the run: a write that follows one may become a read, and a server that
    sends an API request to a login page has a wrong URL.
    """
    if status in _TABLE:
        return _TABLE[status]
    if 200 <= status < 300:
        return Resolution.ACCEPT
    if 300 <= status < 400:
        return Resolution.FAIL_RUN
    if 400 <= status < 500:
        return Resolution.FAIL_RECORD
    return Resolution.RETRY_BRIEFLY
