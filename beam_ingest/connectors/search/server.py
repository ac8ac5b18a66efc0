"""A search server: the vendor's client over our own session, and what kind of server it is.

``opensearch-py`` speaks the API, with Elasticsearch as well (the ``elasticsearch`` client refuses
servers that are no build of its vendor). Retries, time-outs and TLS are those of every connector.
"""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opensearchpy import Connection, NotFoundError, OpenSearch, TransportError
from opensearchpy.exceptions import HTTP_EXCEPTIONS

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.http import (
    HttpSession,
    RequestRefused,
    RetryPolicy,
    Surroundings,
    Timeouts,
    Tls,
)

TITLES = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}
_OLDEST = {"elasticsearch": (7,), "opensearch": (1,)}
_GZIP_LEVEL = 1  # more costs more than it saves: measured, 9 takes five times as long for 20 %


@dataclass(frozen=True, slots=True)
class Found:
    """What answers at the address: ``elasticsearch`` or ``opensearch``, and its version."""

    flavour: str
    version: str


class Server:
    """One search server. Thread-safe. Raises what ``HttpSession.request`` raises.

    ``client`` raises ``opensearchpy.TransportError`` for what the server refuses: see ``refusals``.
    """

    def __init__(
        self, config: SearchConfig, connections: int, surroundings: Surroundings | None = None
    ) -> None:
        self.session = HttpSession(
            config.url,
            authorization=lambda: _authorization(config),
            connections=connections,
            timeouts=Timeouts(read=config.timeout),
            policy=RetryPolicy(
                budget=config.give_up_after,
                first_contact=min(10.0, config.give_up_after),
            ),
            tls=Tls(
                verify=config.verify_certs, ca=config.ca_certs, keys="caCerts", trust="caCerts"
            ),
            probe="/",
            surroundings=surroundings,
        )
        self.url = self.session.server
        self.client = OpenSearch(
            [{"host": "localhost"}],  # a name only: the session knows the address
            connection_class=_SessionConnection,
            session=self.session,
            http_compress=config.compress,
            max_retries=0,
        )

    def close(self) -> None:
        """End the connections."""
        self.session.close()

    def expect(self, flavour: str) -> Found:
        """See what answers. Raises ``FatalError`` where that is another kind, or too old."""
        with refusals("asking for its version"):
            found = _found(self.client.info(), self.url)
        if found.flavour != flavour:
            raise FatalError(
                f"{self.url} is {TITLES[found.flavour]} {found.version}, and the workflow says "
                f"{flavour}",
                hint=f"write type: {found.flavour}",
            )
        if tuple(map(int, found.version.split(".")[:1])) < _OLDEST[flavour]:
            oldest = ".".join(map(str, _OLDEST[flavour]))
            raise FatalError(
                f"{self.url} is {TITLES[flavour]} {found.version}, and {oldest} is the oldest "
                "that can be written to"
            )
        return found


@contextmanager
def refusals(doing: str) -> Iterator[None]:
    """What the server refuses once a run stops the run: ``doing`` says what was asked of it."""
    try:
        yield
    except TransportError as error:
        status, words = error.status_code, error.error
        hint = None
        if status == 403:
            hint = "the user needs the privileges to make, write, search and remove these indexes"
        raise FatalError(f"{doing}: the server answered {status}: {words}", hint=hint) from None


class _SessionConnection(Connection):
    """What the client sends its requests through."""

    def __init__(self, session: HttpSession, **options: Any) -> None:
        super().__init__(**options)
        self._session = session

    def close(self) -> None:
        """Nothing of its own: the session is closed by who opened it."""

    def perform_request(
        self,
        method: str,
        url: str,
        params: Any = None,
        body: Any = None,
        timeout: Any = None,
        ignore: Any = (),
        headers: Any = None,
    ) -> Any:
        """The answer's status, headers and text."""
        encoding = None
        if body and self.http_compress:
            body, encoding = gzip.compress(body, _GZIP_LEVEL), "gzip"
        try:
            answer = self._session.request(
                method, url, params=params, body=body or None, encoding=encoding
            )
        except RequestRefused as refused:
            kind = HTTP_EXCEPTIONS.get(refused.status, TransportError)
            raise kind(refused.status, refused.answer, None) from None
        return answer.status_code, dict(answer.headers), answer.content.decode("utf-8", "replace")


def _found(info: Any, url: str) -> Found:
    version = info.get("version") if isinstance(info, dict) else None
    number = str(version.get("number", "")) if isinstance(version, dict) else ""
    if not isinstance(version, dict) or not re.match(r"\d+\.\d+", number):
        raise FatalError(
            f"{url} is no search server: it says of itself {str(info)[:200]}",
            hint="hostPort is the server's own address, such as http://localhost:9200",
        )
    flavour = "opensearch" if version.get("distribution") == "opensearch" else "elasticsearch"
    return Found(flavour, number)


def _authorization(config: SearchConfig) -> str | None:
    if config.api_key is not None:
        key = config.api_key.get().strip()
        return "ApiKey " + (_encoded(key) if ":" in key else key)
    if config.username is not None and config.password is not None:
        return "Basic " + _encoded(f"{config.username}:{config.password.get()}")
    return None


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


__all__ = ["TITLES", "Found", "NotFoundError", "Server", "refusals"]
