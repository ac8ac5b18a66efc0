"""Text that can be written down, whatever it was made of."""

from __future__ import annotations


def sayable(text: str) -> str:
    """``text`` with what UTF-8 cannot hold (lone surrogates, as in odd file names) escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
