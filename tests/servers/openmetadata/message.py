"""A request as the fake reads it, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from tests.servers.openmetadata.rows import Refused
from tests.servers.openmetadata.schema import Malformed
from tests.servers.openmetadata.store import User


@dataclass(frozen=True)
class Request:
    """One request; ``path`` without ``/api``, decoded parts in ``parts``."""

    method: str
    path: str
    parts: tuple[str, ...]
    query: dict[str, str]
    content_type: str
    body: bytes
    user: User

    def json(self) -> Any:
        """The body. Raises ``Malformed`` and ``Refused`` as the server does."""
        if not self.content_type.startswith("application/json"):
            raise Refused(415, "HTTP 415 Unsupported Media Type")
        try:
            return from_json(self.body)
        except ValueError:
            raise Malformed(
                "Unexpected end-of-input within/between Object entries\n at [Source: REDACTED "
                "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: "
                f"{len(self.body)}]"
            ) from None

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        return self.query.get(name, str(default)).lower() == "true"


@dataclass(frozen=True)
class Reply:
    """An answer; ``body`` is JSON unless it is text."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else to_json(self.body)


def refusal(status: int, message: str, **headers: str) -> Reply:
    """An error as the server words it."""
    return Reply(status, {"code": status, "message": message}, headers)


NOT_FOUND = refusal(404, "HTTP 404 Not Found")
NOT_ALLOWED = refusal(405, "HTTP 405 Method Not Allowed", Allow="DELETE,GET,OPTIONS,PATCH")
