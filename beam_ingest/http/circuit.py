"""The circuit: stops a run whose server is gone, instead of failing every record one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from beam_ingest.api.errors import FatalError
from beam_ingest.http.errors import ServerAway
from beam_ingest.http.retry import RetryPolicy


class Circuit:
    """What all requests to one server know together about whether it is there. Thread-safe.

    The budget is used up when nothing was answered for the policy's ``budget`` since the first
    request that failed (``first_contact`` where nothing ever was). Once open, every request
    raises the same ``FatalError`` at once. A policy that ``waits`` never opens it.
    """

    def __init__(
        self, server: str, policy: RetryPolicy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._answered = False
        self._why: str | None = None

    @property
    def away(self) -> bool:
        """Whether the last thing known of the server is that it did not answer."""
        return self._away_since is not None

    def check(self) -> None:
        """Raises ``FatalError`` where the circuit is open."""
        if self._why is not None:
            raise self.open(self._why)

    def answered(self) -> None:
        """The server answered a request, whatever it said."""
        with self._lock:
            self._away_since = None
            self._answered = True

    def failed(self) -> bool:
        """A request was not answered. Whether the budget is used up."""
        with self._lock:
            now = self._clock()
            if self._away_since is None:
                self._away_since = now
            allowed = self._policy.budget if self._answered else self._policy.first_contact
            return now - self._away_since >= allowed

    def open(self, why: str) -> FatalError | ServerAway:
        """Open the circuit; the error to raise."""
        if self._policy.waits:
            return ServerAway(
                f"{self._server} does not answer: {why}",
                hint="see that the address is right, and that the server is up",
            )
        self._why = why
        if self._answered:
            return FatalError(
                f"{self._server} does not answer any more: {why}",
                hint=f"nothing was answered for {self._policy.budget:g} seconds; "
                "see that the server is up, then resume the run",
            )
        return FatalError(
            f"{self._server} cannot be reached: {why}",
            hint="check the address, the port, and that the server is up",
        )
