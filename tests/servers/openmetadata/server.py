"""The fake OpenMetadata server: HTTP in front of the API, faults, and counting."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic_core import from_json

from tests.servers.listening import Listening
from tests.servers.openmetadata.api import Api
from tests.servers.openmetadata.faults import Fault, Faults
from tests.servers.openmetadata.kinds import BY_TYPE
from tests.servers.openmetadata.message import Reply, Request, refusal
from tests.servers.openmetadata.store import Entity, Store, User

BOT_TOKEN = "bot-token"
PERSON_TOKEN = "person-token"
FORBIDDEN_TOKEN = "forbidden-token"
EXPIRED_TOKEN = "expired-token"

_USERS = {
    BOT_TOKEN: User("ingestion-bot"),
    PERSON_TOKEN: User("admin", bot=False),
    FORBIDDEN_TOKEN: User("joe", bot=False, may_write=False),
}
_GZIP_FROM = 2000


@dataclass
class Seen:
    """One request that was answered, or cut."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    rows: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)


@dataclass
class Counted:
    """What the server was asked for. ``sent`` counts how often each table came in a bulk."""

    requests: list[Seen] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    simulated_seconds: float = 0.0
    in_flight: int = 0
    most_in_flight: int = 0

    def count(self, method: str, path: str = "") -> int:
        """How many requests of that method had a path that holds ``path``."""
        return sum(seen.method == method and path in seen.path for seen in self.requests)


class FakeOpenMetadata(Listening):
    """A server on a free port of 127.0.0.1, running between ``with`` and its end.

    ``seconds_per_row``: what each row of a bulk takes, slept. ``put_seconds``: what a single
    PUT takes between looking and storing. ``max_body``: larger bodies are answered 413.
    """

    def __init__(
        self,
        version: str = "1.12.6",
        *,
        port: int = 0,
        seconds_per_row: float = 0.0,
        put_seconds: float = 0.0,
        max_body: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(clock)
        self.faults = Faults()
        self.counted = Counted()
        self._seconds_per_row = seconds_per_row
        self._max_body = max_body
        self._lock = threading.Lock()
        super().__init__(_handler(self), port=port)
        self._api = Api(self.store, self.url, version, put_seconds)

    @property
    def url(self) -> str:
        """The ``hostPort`` of it."""
        return f"{super().url}/api"

    def names(self, type_: str, include: str = "non-deleted") -> list[str]:
        """The FQNs of a type, sorted."""
        return [entity["fullyQualifiedName"] for entity in self.store.select(type_, include, None)]

    def entity(self, type_: str, fqn: str) -> Entity:
        """One entity as it is stored."""
        return self.store.entities[type_][fqn]

    def add(self, type_: str, name: str, **fields: object) -> None:
        """Put an entity into the store past the API."""
        user = User("admin", bot=False)
        self.store.put(BY_TYPE[type_], {"name": name, **fields}, user)

    def respond(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Reply | None:
        """The answer to a request; None: cut the connection."""
        url = urlsplit(target)
        path = url.path.removeprefix("/api")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        rows = _rows(path, body)
        seen = Seen(method, path, query, 0, len(rows), headers)
        with self._lock:
            self.counted.requests.append(seen)
            self.counted.in_flight += 1
            now = self.counted.in_flight
            self.counted.most_in_flight = max(self.counted.most_in_flight, now)
        try:
            reply = self._respond(seen, headers, body, rows)
        finally:
            with self._lock:
                self.counted.in_flight -= 1
        seen.status = reply.status if reply else 0
        return reply

    def _respond(
        self, seen: Seen, headers: dict[str, str], body: bytes, rows: list[str]
    ) -> Reply | None:
        fault = self.faults.strike(seen.method, seen.path)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.cut == "before":
                return None
            if fault.status is not None:
                return _fault_reply(fault)
        if self._max_body is not None and len(body) > self._max_body:
            return refusal(413, "HTTP 413 Request Entity Too Large")
        user = self._user(seen, headers)
        if isinstance(user, Reply):
            return user
        request = Request(
            seen.method,
            seen.path,
            tuple(unquote(part) for part in seen.path.strip("/").split("/")),
            seen.query,
            headers.get("content-type", ""),
            body,
            user,
        )
        reply = self._simulated(request, fault, rows) if rows else self._api.answer(request, fault)
        return None if fault is not None and fault.cut == "after" else reply

    def _simulated(self, request: Request, fault: Fault | None, rows: list[str]) -> Reply:
        # A request takes what its rows are said to take, its own computing included.
        seconds = self._seconds_per_row * len(rows)
        end = time.monotonic() + seconds
        with self._lock:
            self.counted.sent.update(rows)
            self.counted.simulated_seconds += seconds
        reply = self._api.answer(request, fault)
        time.sleep(max(0.0, end - time.monotonic()))
        return reply

    def _user(self, seen: Seen, headers: dict[str, str]) -> User | Reply:
        if seen.path in ("/v1/system/version", "/v1/users/login"):
            return User("anonymous", may_write=False)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return refusal(401, "Not Authorized! Token not present")
        if token == EXPIRED_TOKEN:
            return refusal(401, "Expired token!")
        return _USERS.get(token) or refusal(401, "Not Authorized! Invalid token.")


def _handler(fake: FakeOpenMetadata) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16  # an answer leaves as one packet, head and body

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = fake.respond(self.command, self.path, headers, body)
            if reply is None:
                self.close_connection = True
                return
            self._send(reply, "gzip" in headers.get("accept-encoding", ""))

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def _send(self, reply: Reply, may_zip: bool) -> None:
            content = reply.content()
            headers = dict(reply.headers)
            if reply.body is not None:
                headers.setdefault("Content-Type", "application/json")
            if may_zip and len(content) > _GZIP_FROM:
                content = gzip.compress(content, 1)
                headers["Content-Encoding"] = "gzip"
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(timestamp or fake.store.now() / 1000)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler


def _fault_reply(fault: Fault) -> Reply:
    status = fault.status or 500
    headers = {name.replace("_", "-"): value for name, value in fault.headers.items()}
    if fault.body is None:
        return refusal(status, f"HTTP {status} scripted", **headers)
    if isinstance(fault.body, str):
        headers.setdefault("Content-Type", "text/plain")
    return Reply(status, fault.body, headers)


def _rows(path: str, body: bytes) -> list[str]:
    if not path.endswith("/bulk"):
        return []
    try:
        rows = from_json(body)
    except ValueError:
        return []
    return [_label(row) for row in rows] if isinstance(rows, list) else []


def _label(row: object) -> str:
    if not isinstance(row, dict):
        return ""
    container = row.get("databaseSchema") or row.get("database") or row.get("service") or ""
    return f"{container}.{row.get('name')}"
