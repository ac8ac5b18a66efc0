"""What a server said, as text for the reader."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

_LONGEST = 1000
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def answer_of(response: requests.Response) -> str:
    """The server's own words: ``message`` of a JSON object, plain text, the title of a page."""
    words = _words(response).strip() or response.reason or "(no text)"
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def without_credentials(url: str) -> str:
    """``url`` without user, password, query and fragment: fit for a log."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def reason_of(error: requests.RequestException) -> str:
    """Why there was no answer, in as few words as the reader needs."""
    # The innermost cause is what a reader understands: "Connection refused", not a pool's repr.
    inner: BaseException = error
    while True:
        reason = getattr(inner, "reason", None)
        nested = reason if isinstance(reason, BaseException) else inner.__cause__
        if nested is None:
            nested = next((arg for arg in inner.args if isinstance(arg, BaseException)), None)
        if nested is None:
            break
        inner = nested
    text = getattr(inner, "strerror", None) or str(inner).rpartition(": ")[2]
    return text or type(error).__name__


def _words(response: requests.Response) -> str:
    kind = response.headers.get("Content-Type", "")
    if "html" in kind:
        title = _TITLE.search(response.text)
        return f"an HTML page, {title[1].strip()!r}" if title else "an HTML page"
    if "json" in kind:
        return _message(response)
    return response.text


def _message(response: requests.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text
    if not isinstance(body, dict):
        return response.text
    inner = body.get("error")  # {"error": {"type": …, "reason": …}} of search servers
    for words in (body, inner) if isinstance(inner, dict) else (body,):
        for key in ("message", "error", "reason", "detail", "errorType"):
            if isinstance(words.get(key), str):
                return str(words[key])
    return response.text
