"""Trying again: how often, how long to wait, and when to give up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from beam_ingest.api.errors import TransientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter; ``retry_after`` of the error goes first.

    ``tries`` counts the first one; delays are in seconds. With the defaults a server may be
    away for about half a minute before anything is given up.
    """

    tries: int = 6
    base: float = 0.5
    cap: float = 30.0

    def delay(self, failures: int, error: TransientError, jitter: Callable[[], float]) -> float:
        """How long to wait after the ``failures``-th failure in a row (from 1)."""
        if error.retry_after is not None:
            return max(0.0, error.retry_after)
        upper = min(self.cap, self.base * 2.0**failures)
        return upper * (0.5 + 0.5 * jitter())


class GaveUp(TransientError):
    """A transient error that did not go away; ``tries`` says how often it was tried."""

    def __init__(self, error: TransientError, tries: int) -> None:
        message = error.message or type(error).__name__
        super().__init__(f"{message} (tried {tries} times)", hint=error.hint)
        self.tries = tries


def retrying(
    call: Callable[[], T],
    wait: Callable[[float], bool],
    policy: RetryPolicy,
    jitter: Callable[[], float] = random.random,
) -> T:
    """``call()``, again after each ``TransientError`` as ``policy`` says.

    ``wait`` sleeps so many seconds and answers whether the run was asked to stop meanwhile.
    Raises ``GaveUp`` after the last try or a stop; other errors pass as they are, among them
    the ``GaveUp`` of a call that retries by itself.
    """
    failures = 0
    while True:
        try:
            return call()
        except GaveUp:
            raise
        except TransientError as error:
            failures += 1
            if failures >= policy.tries or wait(policy.delay(failures, error, jitter)):
                raise GaveUp(error, failures) from error
