"""How long to wait before a request is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a request is tried again, and for how long a server may be away. Seconds.

    ``tries`` counts the first one; ``brief_tries`` is for what looks like the request's own
    fault (a 500). A server that answers nothing for ``budget`` is gone; one that never
    answered at all gets ``first_contact`` only, since its address is likely wrong. With ``waits``
    it is away, and not gone: whoever asks is told by ``ServerAway``, and asks again.
    """

    tries: int = 6
    brief_tries: int = 3
    base: float = 0.5
    cap: float = 20.0
    budget: float = 120.0
    first_contact: float = 10.0
    longest_retry_after: float = 300.0
    waits: bool = False

    def delay(
        self,
        failures: int,
        retry_after: float | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> float:
        """The wait after the ``failures``-th failure in a row (from 1).

        What the server asked for goes first, with up to a tenth on top so that clients do not
        come back all at once; without it the wait doubles, and half of it is random.
        """
        if retry_after is not None:
            return min(retry_after, self.longest_retry_after) * (1.0 + 0.1 * jitter())
        upper = min(self.cap, self.base * 2.0 ** (failures - 1))
        return upper * (0.5 + 0.5 * jitter())


def parse_retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """The seconds that a ``Retry-After`` header asks for; None where it says nothing usable.

    Both forms of RFC 9110, 10.2.3: a number of seconds, or a date.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - now())
