"""Secrets in URLs: the password before the host, and what the query calls a secret.

Before the host of ``http`` and ``https`` a name without a password is a secret too: so tokens are
written (``https://TOKEN@host``, ``https://TOKEN:@host``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Up to the last @ of the authority: a password that was not encoded may hold one. A token that was
# sealed, {vault:…}, is no user and password.
_AUTHORITY = r"(?<=://)(?!\{vault:)(?P<user>[^/?#@\s:'\"]*):(?P<password>[^/?#\s]+)@"
_NAME_ALONE = r"(?:(?<=http://)|(?<=https://))(?P<token>[^/?#@\s:'\"]+)(?P<after>:?@)"
_QUERY = r"(?P<key>[?&][\w.-]*(?:passw|secret|token)[\w.-]*=)(?P<value>[^&#\s'\"]+)"
_SECRET = re.compile(f"{_AUTHORITY}|{_NAME_ALONE}|{_QUERY}", re.IGNORECASE)


def holds_secret(text: str) -> bool:
    """Whether there is a URL in ``text`` with a secret in it."""
    return "://" in text and _SECRET.search(text) is not None


def with_secrets(text: str, replaced: Callable[[str], str]) -> str:
    """``text`` with each secret of its URLs, as it stands there, replaced."""
    if "://" not in text:
        return text

    def part(match: re.Match[str]) -> str:
        if match["key"] is not None:
            return match["key"] + replaced(match["value"])
        if match["token"] is not None:
            return replaced(match["token"]) + match["after"]
        return f"{match['user']}:{replaced(match['password'])}@"

    return _SECRET.sub(part, text)
