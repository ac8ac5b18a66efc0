"""When a run began, by the server's clock: what was written since is another run's, not gone."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from beam_ingest.http import HttpSession


class DatedSession(HttpSession):
    """A session that knows, from its first answer on, how far the server's clock is from ours."""

    ahead: float = 0.0
    """Seconds; 0 where the server did not tell, or is less than a second off."""
    _asked = False

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """As that of ``HttpSession``."""
        response = super().request(method, path, **options)
        if not self._asked:
            self._asked = True
            self.ahead = _ahead(response.headers.get("Date"), time.time())
        return response


def begun(run_id: str, now: Callable[[], float] = time.time) -> float:
    """When the run began, by this machine's clock: now, unless its id says that it was earlier.

    A process may come late into its run; the id has the time of its launch, in whole seconds.
    """
    try:
        launched = calendar.timegm(time.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return now()
    # Its second is taken to its end: what an earlier run wrote in it is not another's.
    return min(now(), launched + 1.0)


def _ahead(date: str | None, now: float) -> float:
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return 0.0
    # The header has whole seconds, and the answer was a while on its way.
    return told - now if abs(told + 0.5 - now) > 1.5 else 0.0
