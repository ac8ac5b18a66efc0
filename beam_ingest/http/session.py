"""One HTTP session for one server: pooled, timed out, retried, and stopped when it is gone."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from beam_ingest.api.errors import FatalError
from beam_ingest.http.answer import answer_of, reason_of, without_credentials
from beam_ingest.http.circuit import Circuit
from beam_ingest.http.errors import RequestFailed, RequestRefused, RequestTimeout
from beam_ingest.http.resolution import Resolution, resolve
from beam_ingest.http.retry import RetryPolicy, parse_retry_after
from beam_ingest.http.tls import Tls, TlsAdapter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next bytes of an answer."""

    connect: float = 10.0
    read: float = 120.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session takes from its surroundings; tests put their own in."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    wait: Callable[[float], None] | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    error: RequestFailed
    retry_after: float | None = None
    answered: bool = False


class HttpSession:
    """Requests to one server, for idempotent requests only: each may be sent again.

    Thread-safe; at most ``connections`` requests are in flight at once. ``authorization`` gives
    the ``Authorization`` header; it is asked again after a 401, once, so that a renewed token is
    taken up. ``probe`` is a path that a healthy server always answers: it tells a server that
    fails at one request from one that is gone. Proxies come from the environment; answers may
    be gzip.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorization: Callable[[], str | None] = lambda: None,
        headers: Mapping[str, str] | None = None,
        connections: int = 4,
        timeouts: Timeouts | None = None,
        policy: RetryPolicy | None = None,
        tls: Tls | None = None,
        probe: str | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.server = without_credentials(self.base_url)
        self._authorization = authorization
        self._timeouts = timeouts or Timeouts()
        self._policy = policy or RetryPolicy()
        self._probe = probe
        self._surroundings = surroundings or Surroundings()
        self._circuit = Circuit(self.server, self._policy, self._surroundings.clock)
        self._closed = threading.Event()
        self._in_flight = threading.BoundedSemaphore(connections)
        self._trust = (tls or Tls()).trust
        self._session = _pooled(connections, tls or Tls())
        self._session.headers.update({"Accept": "application/json", **(headers or {})})
        self._token = self._ask_authorization()
        self._session.auth = self._authorize

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON; None for an empty one. Options and errors as ``request``.

        Raises ``FatalError`` for an answer that is no JSON: the URL is not an API's.
        """
        response = self.request(method, path, **options)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise FatalError(
                f"{method} {self.server}{path} answered {answer_of(response)[:200]}, not JSON",
                hint="check the URL: it must be the API's, not that of the web page",
            ) from None

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        encoding: str | None = None,
        retry_timeouts: bool = True,
    ) -> requests.Response:
        """The answer, once the server accepted the request; ``encoding`` is that of ``body``.

        Raises ``RequestRefused`` (the server said no), ``RequestFailed`` (it failed each time),
        ``RequestTimeout`` (with ``retry_timeouts`` false at the first time-out: the caller may
        ask for less), ``FatalError``, ``ServerAway`` where the policy ``waits``.
        """
        described = {"Content-Type": content_type, "Content-Encoding": encoding}
        request = {
            "method": method,
            "url": self.base_url + path,
            "params": params,
            "data": body,
            "headers": described if body is not None else None,
        }
        failures = 0
        proven = False
        while True:
            self._circuit.check()
            failure = self._attempt(request, f"{method} {self.server}{path}", failures + 1)
            if isinstance(failure, requests.Response):
                return failure
            failures += 1
            if isinstance(failure.error, RequestTimeout) and not retry_timeouts:
                if self._circuit.failed() and not self._is_there():
                    raise self._circuit.open(str(failure.error))
                raise failure.error
            proven = self._proven(failure, failures, proven)
            delay = self._policy.delay(failures, failure.retry_after, self._surroundings.jitter)
            logger.info("%s; trying again in %.1f s", failure.error, delay)
            self.wait(delay)

    def expect_answers(self) -> None:
        """The address is right, somebody has seen: the server gets the whole budget."""
        self._circuit.answered()

    def wait(self, seconds: float) -> None:
        """Wait before something is tried again. Raises ``FatalError`` where it was closed."""
        if self._surroundings.wait is not None:
            self._surroundings.wait(seconds)
        elif self._closed.wait(seconds):
            raise FatalError(f"the session with {self.server} was closed")

    def close(self) -> None:
        """End the connections; a request that waits to be tried again ends too."""
        self._closed.set()
        self._session.close()

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Also keeps requests from taking other credentials out of ~/.netrc.
        if self._token is not None:
            request.headers["Authorization"] = self._token
        return request

    def _renewed(self, refused: str | None) -> bool:
        # Whether there is another token by now: a file that was rotated, another thread's find.
        self._token = self._ask_authorization()
        return self._token != refused

    def _ask_authorization(self) -> str | None:
        token = self._authorization()
        if token is not None and not (token.isascii() and token.isprintable()):
            raise FatalError(
                f"the token for {self.server} cannot be sent: it holds a line break or another "
                "character that is none of a token",
                hint="check the variable or the file that it comes from",
            )
        return token

    def _attempt(
        self, request: Mapping[str, Any], shown: str, tries: int
    ) -> requests.Response | _Failure:
        token = self._token
        try:
            response = self._send(request)
            if response.status_code == 401 and self._renewed(token):
                response = self._send(request)
        except requests.RequestException as error:
            return _Failure(self._without_answer(shown, error, tries))
        resolution = resolve(response.status_code)
        if resolution is not Resolution.RETRY:
            self._circuit.answered()
        if resolution is Resolution.ACCEPT:
            return response
        _raise_final(resolution, shown, response)
        answer = f"answered {response.status_code}: {answer_of(response)}"
        return _Failure(
            RequestFailed(shown, answer, response.status_code, tries),
            parse_retry_after(response.headers.get("Retry-After"), self._surroundings.now),
            # Who throttles is there; who answers 500 fails at this one request.
            answered=resolution is Resolution.RETRY_BRIEFLY or response.status_code == 429,
        )

    def _send(self, request: Mapping[str, Any]) -> requests.Response:
        with self._in_flight:
            return self._session.request(
                **request,
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
            )

    def _without_answer(
        self, shown: str, error: requests.RequestException, tries: int
    ) -> RequestFailed:
        reason = reason_of(error)
        if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error).upper():
            raise FatalError(
                f"{self.server}: its TLS certificate is not trusted: {reason}",
                hint=f"{self._trust} trusts your own authority",
            ) from None
        if isinstance(error, ValueError):  # InvalidURL, InvalidProxyURL, MissingSchema, …
            raise FatalError(f"{self.server} is no usable URL: {reason}") from None
        if isinstance(error, requests.exceptions.ReadTimeout):
            return RequestTimeout(
                shown, f"no answer within {self._timeouts.read:g} seconds", None, tries
            )
        return RequestFailed(shown, reason, None, tries)

    def _proven(self, failure: _Failure, failures: int, proven: bool) -> bool:
        # Whether the probe has shown that the server is there, and only this request fails: then
        # it has one more try, since the server may have come back just now. Raises to give up.
        error = failure.error
        if failure.answered:
            self._circuit.answered()
            brief = error.status != 429
            if failures >= (self._policy.brief_tries if brief else self._policy.tries):
                raise error
            return False
        used_up = self._circuit.failed()
        if not used_up and failures < self._policy.tries:
            return False
        if self._is_there():
            if proven:
                raise error
            return True
        if used_up:
            raise self._circuit.open(str(error))
        return False

    def _is_there(self) -> bool:
        if self._probe is None:
            return not self._circuit.away
        try:
            response = self._session.get(
                self.base_url + self._probe, timeout=(5, 10), allow_redirects=False
            )
        except requests.RequestException as error:
            logger.info("%s does not answer: %s", self.server, reason_of(error))
            return False
        if resolve(response.status_code) is Resolution.RETRY:
            return False
        self._circuit.answered()
        return True


def _raise_final(resolution: Resolution, shown: str, response: requests.Response) -> None:
    answer = answer_of(response)
    if resolution is Resolution.FAIL_RECORD:
        raise RequestRefused(shown, response.status_code, answer)
    if resolution is not Resolution.FAIL_RUN:
        return
    if response.is_redirect:
        target = without_credentials(response.headers["Location"])
        raise FatalError(
            f"{shown} is sent on to {target}",
            hint="write the server's own URL; requests are not sent after a redirect",
        )
    hint = "check the token or password: has it expired?" if response.status_code == 401 else None
    raise FatalError(f"{shown} answered {response.status_code}: {answer}", hint=hint)


def _pooled(connections: int, tls: Tls) -> requests.Session:
    session = requests.Session()
    options: dict[str, Any] = {"pool_connections": 1, "pool_maxsize": connections}
    session.mount("http://", HTTPAdapter(**options))
    if tls.is_default:
        session.mount("https://", HTTPAdapter(**options))
    else:
        session.mount("https://", TlsAdapter(tls.context(), **options))
    if not tls.verify:
        logger.warning("TLS certificates are not verified: anybody may answer for the server")
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session
