"""What a request that did not succeed raises.

Beside these, ``FatalError``: the run cannot go on (a wrong token, a wrong URL, a server that is
gone, where nobody waits for it). No message holds credentials, and none holds the request's body.
"""

from __future__ import annotations

from beam_ingest.api.errors import RecordError, TransientError


class RequestRefused(RecordError):
    """The server refused this request for good; ``answer`` is what it said, in its words."""

    def __init__(self, request: str, status: int, answer: str) -> None:
        super().__init__(f"{request} answered {status}: {answer}")
        self.status = status
        self.answer = answer


class RequestFailed(TransientError):
    """The request failed each time, although the server is there.

    ``status`` is the last one, None where there was no answer.
    """

    def __init__(self, request: str, answer: str, status: int | None, tries: int) -> None:
        times = f" ({tries} times)" if tries > 1 else ""
        super().__init__(f"{request}: {answer}{times}")
        self.status = status
        self.answer = answer


class RequestTimeout(RequestFailed):
    """No answer within the time-out; the server may still be at it."""


class ServerAway(TransientError):
    """Nothing was answered for the whole budget, and whoever asked waits for the server."""
