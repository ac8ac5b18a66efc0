"""A proxy on loopback in front of a real server, that is away when a test says so."""

from __future__ import annotations

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.servers.listening import Listening


class FlakyProxy(Listening):
    """Passes requests on; from the ``away_from``-th on whose path holds ``path`` (from 1) it cuts
    every connection without an answer, ``times`` times, or for good.

    ``hold_from``: from that one on it answers nothing at all, until ``close``.
    """

    def __init__(self, url: str, path: str = "_bulk") -> None:
        self._upstream = urlsplit(url)
        self._path = path
        self.seen: list[str] = []
        self.counted = 0
        self.refused = 0
        self.away_from: int | None = None
        self.times: int | None = None
        self.hold_from: int | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        super().__init__(self._handler())

    def be_back(self) -> None:
        """From here on everything passes."""
        self.away_from = self.hold_from = None

    def close(self) -> None:
        """Let go of what is held, too."""
        self._ended.set()
        super().close()

    def _cuts(self, target: str) -> bool:
        with self._lock:
            self.counted += self._path in target
            if self.away_from is None or self.counted < self.away_from:
                return False
            self.refused += 1
            if self.times is not None and self.refused >= self.times:
                self.away_from = None
            return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                self.close_connection = True
                with contextlib.suppress(ConnectionError):  # who asked has been killed
                    self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if proxy._cuts(self.path):
                    return
                proxy.seen.append(f"{self.command} {self.path.partition('?')[0]}")
                if proxy.hold_from is not None and proxy.counted >= proxy.hold_from:
                    proxy._ended.wait(60)
                    return
                upstream = http.client.HTTPConnection(
                    str(proxy._upstream.hostname), proxy._upstream.port, timeout=60
                )
                with contextlib.closing(upstream):
                    upstream.request(self.command, self.path, body, dict(self.headers))
                    answer = upstream.getresponse()
                    content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                self.close_connection = False

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return self._pass_on
                raise AttributeError(name)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        return Handler
