"""A server that answers what a test scripted, one answer a request."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.servers.listening import Listening

CUT = 0
"""As a status: close the connection without an answer."""


@dataclass
class Answer:
    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: threading.Event | None = None


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer(Listening):
    """Answers from ``script``; when it is empty, 200 with ``{}``."""

    def __init__(self, *script: Answer) -> None:
        self.script = deque(script)
        self.seen: list[Seen] = []
        self.always: Answer | None = None
        super().__init__(self._handler())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.seen.append(Seen(self.command, self.path, dict(self.headers), body))
                answer = scripted.always or (
                    scripted.script.popleft() if scripted.script else Answer(200)
                )
                if answer.delay is not None:
                    answer.delay.wait(10)
                if answer.status == CUT:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return self._answer
                raise AttributeError(name)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        return Handler
