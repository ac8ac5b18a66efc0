"""What a server said, in its own words, wherever it put them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from beam_ingest.http.answer import answer_of


def answer(body: Any, kind: str = "application/json") -> requests.Response:
    made = requests.Response()
    made.status_code, made.reason = 400, "Bad Request"
    made._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    made.headers["Content-Type"] = kind
    return made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"code": 400, "message": "no such schema"}, "no such schema"),
        ({"error": "denied"}, "denied"),
        ({"error": {"type": "x", "reason": "no such index"}, "status": 404}, "no such index"),
        ({"error": {"code": 403, "message": "not yours"}}, "not yours"),
        ({"error": {"code": 403}}, '{"error": {"code": 403}}'),
        (["a"], '["a"]'),
        ("{", "{"),
        ("", "Bad Request"),
    ],
)
def test_the_words_are_found(body: Any, words: str) -> None:
    assert answer_of(answer(body)) == words
