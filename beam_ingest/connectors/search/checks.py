"""The named checks of ``test-connection``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from beam_ingest.api.component import Check
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.connectors.search.index import index_of
from beam_ingest.connectors.search.server import TITLES, Server, refusals


def checks(config: SearchConfig, flavour: str) -> Iterable[Check]:
    """What answers, and what a run would write. Nothing is made or changed."""

    def with_server(ask: Callable[[Server], str]) -> str:
        server = Server(config, 1)
        try:
            return ask(server)
        finally:
            server.close()

    def version(server: Server) -> str:
        found = server.expect(flavour)
        return f"{server.url}, {TITLES[found.flavour]} {found.version}"

    def index(server: Server) -> str:
        with refusals(f"looking at {config.index}"):
            return index_of(server, config, "").look()

    return (
        Check("reach the server", lambda: with_server(version)),
        Check("look at the index", lambda: with_server(index)),
    )
