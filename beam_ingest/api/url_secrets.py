"""Secrets in URLs: the password before the host, and what the query calls a secret.

Before the host of ``http`` and ``https`` a name without a password is a secret too: so tokens are
written (``https://TOKEN@host``, ``https://TOKEN:@host``). All of it is found in any text, where
nothing but a quote, a comma or a space may say where a URL ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# In this order. A name and a password, up to the last @ of the authority: what was not encoded may
# hold one. A token that was sealed, {vault:…}, is no name and password.
_WITH_NAME = r"(?<=://)(?!\{vault:)(?P<user>[^/?#\s:'\"]*):(?P<password>[^/?#\s'\",]+)@"
_NAME_ALONE = r"(?:(?<=http://)|(?<=https://))(?P<token>[^/?#\s:'\",]+)(?P<after>:?@)"
# A password that was not encoded and holds what else would end a URL.
_ODD = r"(?<=://)(?!\{vault:)(?P<odd_user>[^/?#@\s:'\"]*):(?P<odd>(?!@)[^/?#\s]+)@"
_QUERY = r"(?P<key>[?&][\w.-]*(?:passw|secret|token)[\w.-]*=)(?P<value>[^&#\s'\"]+)"
_SECRET = re.compile(f"{_WITH_NAME}|{_NAME_ALONE}|{_ODD}|{_QUERY}", re.IGNORECASE)


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
        if match["odd"] is not None:
            return f"{match['odd_user']}:{replaced(match['odd'])}@"
        return f"{match['user']}:{replaced(match['password'])}@"

    return _SECRET.sub(part, text)
