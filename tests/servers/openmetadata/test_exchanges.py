"""The fake answers each recorded exchange with the same status and the same shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers.openmetadata import (
    BOT_TOKEN,
    EXPIRED_TOKEN,
    FORBIDDEN_TOKEN,
    PERSON_TOKEN,
    FakeOpenMetadata,
)

FOLDER = Path(__file__).parents[2] / "data" / "openmetadata" / "exchanges"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
_LATER = ("12b", "12d", "12f")  # were sent after 27f, by what their answers say
SINGLE = sorted(
    (name for name in NAMES if not re.match("4[0-3]_", name)),
    key=lambda name: f"27g{name}" if name.startswith(_LATER) else name,
)
CONCURRENT = [name for name in NAMES if re.match("4[0-3]_", name)]

_TOKENS = {
    "30_": None, "30b": "nonsense", "30c": None, "30d": None, "12b": PERSON_TOKEN,
    "31_": FORBIDDEN_TOKEN, "31c": FORBIDDEN_TOKEN, "31d": FORBIDDEN_TOKEN,
    "31e": FORBIDDEN_TOKEN, "48_": EXPIRED_TOKEN,
}  # fmt: skip
_OPTIONAL = {"children", "changeSummary", "fieldsAdded", "fieldsUpdated", "fieldsDeleted"}
_FREE = {"45_search"}  # the search index is another server's, only its hits are of interest


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


def ids(value: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each recorded id with the collection and FQN of the entity it stands for."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), str) and "href" in value and "fullyQualifiedName" in value:
            collection = value["href"].partition("/v1/")[2].rpartition("/")[0]
            yield value["id"], (collection, value["fullyQualifiedName"])
        for item in value.values():
            yield from ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from ids(item)


RECORDED_IDS = {
    id_: entity for name in SINGLE for id_, entity in ids(load(name)["response"].get("body"))
}


class Replay:
    def __init__(self, server: FakeOpenMetadata) -> None:
        self.server = server

    def send(self, name: str) -> requests.Response:
        request = load(name)["request"]
        token = _TOKENS.get(name[:3], BOT_TOKEN)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = request.get("body")
        if body is not None:
            headers["Content-Type"] = "application/json"
        if request["method"] == "PATCH":
            headers["Content-Type"] = "application/json-patch+json"
        if name == "33c_415":
            headers["Content-Type"] = "text/plain"
        return requests.request(
            request["method"],
            self.server.url.removesuffix("/api") + self.translated(request["path"]),
            data=self.translated(self.text(body)) if body is not None else None,
            headers=headers,
            timeout=10,
        )

    def text(self, body: Any) -> str:
        if isinstance(body, dict) and "_first" in body:
            count = 1 if "5002467" in body["_note"] else 800
            first = body["_first"]
            rows = [first] if count == 1 else [{**first, "name": f"big{i}"} for i in range(count)]
            return json.dumps(rows)
        return body if isinstance(body, str) else json.dumps(body)

    def translated(self, text: str) -> str:
        """Recorded ids are replaced by those that the fake gave to the same entities."""
        for recorded, (collection, fqn) in RECORDED_IDS.items():
            if recorded in text:
                kind = {"tables": "table", "databaseSchemas": "databaseSchema"}[collection]
                text = text.replace(recorded, self.server.entity(kind, fqn)["id"])
        return text


@pytest.fixture(scope="module")
def replayed() -> Iterator[dict[str, requests.Response]]:
    with FakeOpenMetadata() as server:
        replay = Replay(server)
        answers = {}
        for name in SINGLE:
            if name.startswith("50_"):
                server.add("databaseSchema", "fk2", database="ex_svc.db1")
            answers[name] = replay.send(name)
        yield answers


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in _OPTIONAL}
    if isinstance(value, list):
        shapes = [shape(item) for item in value if not isinstance(item, str)]
        return sorted({json.dumps(item, sort_keys=True) for item in shapes})
    return type(value).__name__


@pytest.mark.parametrize("name", SINGLE)
def test_an_exchange_is_answered_alike(name: str, replayed: dict[str, requests.Response]) -> None:
    recorded = load(name)["response"]
    answer = replayed[name]
    assert answer.status_code == recorded["status"], answer.text[:500]
    for header in ("Content-Type", "Allow", "X-OpenMetadata-Change"):
        if header in (recorded.get("headers") or {}):
            assert answer.headers.get(header) == recorded["headers"][header]
    if not recorded["body"]:
        assert answer.text == ""
    elif isinstance(recorded["body"], str):
        assert answer.text.splitlines()[0] == recorded["body"].splitlines()[0]
    elif name not in _FREE:
        assert shape(answer.json()) == shape(recorded["body"])
        assert comparable(answer.json()) == comparable(recorded["body"])


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    """What must be the same beyond the shape: counts, words, states."""
    kept: dict[str, Any] = {
        key: body[key]
        for key in ("status", "numberOfRowsProcessed", "numberOfRowsPassed", "numberOfRowsFailed",
                    "code", "deleted", "name", "description", "version", "fullyQualifiedName")
        if key in body
    }  # fmt: skip
    if "message" in body:
        kept["message"] = re.split(r"\n| \(class| \(through", body["message"])[0]
    if "failedRequest" in body:
        kept["failures"] = sorted(row["message"] for row in body["failedRequest"])
    if "successRequest" in body and kept["numberOfRowsPassed"] < 100:
        kept["passed"] = sorted(row["request"] for row in body["successRequest"])
    return kept


@pytest.mark.parametrize("name", CONCURRENT)
def test_concurrent_requests_are_answered_alike(name: str) -> None:
    recorded = load(name)
    path = recorded["request"]["path"]
    with FakeOpenMetadata(put_seconds=0.02) as server:
        server.add("databaseService", "ex_svc", serviceType="CustomDatabase")
        server.add("database", "db1", service="ex_svc")
        server.add("databaseSchema", "s1", database="ex_svc.db1")
        bodies = [body_of(path, response) for response in recorded["responses"]]

        def put(body: Any) -> requests.Response:
            return requests.put(
                f"{server.url}/v1{path}",
                json=body,
                headers={"Authorization": f"Bearer {BOT_TOKEN}"},
                timeout=10,
            )

        with ThreadPoolExecutor(len(bodies)) as pool:
            answers = list(pool.map(put, bodies))
    statuses = {response["status"] for response in recorded["responses"]}
    assert {answer.status_code for answer in answers} <= statuses | {409}
    if not path.endswith("/bulk"):
        assert [answer.status_code for answer in answers].count(201) == 1
    shapes = {json.dumps(shape(r["body"]), sort_keys=True) for r in recorded["responses"]}
    conflict = json.dumps({"code": "int", "message": "str"}, sort_keys=True)
    for answer in answers:
        if answer.status_code == 200:
            assert json.dumps(shape(answer.json()), sort_keys=True) in shapes
        if answer.status_code == 409:
            assert json.dumps(shape(answer.json()), sort_keys=True) == conflict


def body_of(path: str, response: dict[str, Any]) -> Any:
    if path.endswith("/bulk"):
        names = [row["request"].rpartition(".")[2] for row in response["body"]["successRequest"]]
        column = {"name": "id", "dataType": "INT"}
        return [
            {"name": name, "databaseSchema": "ex_svc.db1.s1", "columns": [column]} for name in names
        ]
    if path == "/databaseSchemas":
        return {"name": "conc", "database": "ex_svc.db1"}
    config = {"type": "CustomDatabase", "sourcePythonClass": "x.Y"}
    return {"name": "c", "serviceType": "CustomDatabase", "connection": {"config": config}}
