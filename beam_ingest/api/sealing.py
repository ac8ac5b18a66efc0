"""Sealing: a configuration without the secrets in its URLs, so that it can be serialized.

A field that is no ``Secret`` may hold a URL with a password in it (``hostPort``, a ``uri`` of a
user's own component). Sealed, the password is a reference into this process's vault, which local
workers are handed; unsealed on a worker, the URL is as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from beam_ingest.api.secrets import Secret
from beam_ingest.api.url_secrets import with_secrets
from beam_ingest.api.vault import handle_of

_SEALED = re.compile(r"\{(vault:[0-9a-f]{16})\}")


def sealed(text: str) -> str:
    """JSON with the secrets of URLs as references."""
    if "://" not in text:
        return text
    return _json(_each(json.loads(text), lambda value: with_secrets(value, _reference)))


def unsealed(text: str) -> str:
    """JSON that was ``sealed``, with the values. Raises ``FatalError`` where one is not here."""
    if _SEALED.search(text) is None:
        return text
    return _json(_each(json.loads(text), lambda value: _SEALED.sub(_value, value)))


def _reference(secret: str) -> str:
    return secret if _SEALED.fullmatch(secret) else f"{{vault:{handle_of(secret)}}}"


def _value(match: re.Match[str]) -> str:
    return Secret(match[1]).get()  # known from here on, and hidden


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _each(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    return value


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
