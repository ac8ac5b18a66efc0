"""Bulk requests: an array of create requests, one result for each row."""

from __future__ import annotations

from typing import Any

from tests.servers.openmetadata import rows, schema
from tests.servers.openmetadata.faults import Fault
from tests.servers.openmetadata.kinds import Kind
from tests.servers.openmetadata.message import Reply, Request
from tests.servers.openmetadata.rows import Refused
from tests.servers.openmetadata.store import Store


def put_bulk(
    store: Store, kind: Kind, request: Request, fault: Fault | None, override: bool
) -> Reply:
    """What ``PUT …/bulk`` answers."""
    body = request.json()
    if not isinstance(body, list):
        cls = schema.class_name(kind.create or "")
        raise schema.Malformed(
            f"Cannot deserialize value of type `java.util.ArrayList<{cls}>` from Object value "
            "(token `JsonToken.START_OBJECT`)\n at [Source: REDACTED "
            "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]"
        )
    for index, row in enumerate(body):
        schema.check(kind.create or "", row, f"java.util.ArrayList[{index}]->")
    return _answer(_Bulk(store, kind, request, fault, override), body)


class _Bulk:
    def __init__(
        self, store: Store, kind: Kind, request: Request, fault: Fault | None, override: bool
    ) -> None:
        self._store = store
        self._kind = kind
        self._request = request
        self._rows = fault.rows if fault else {}
        self._override = override
        self._made: set[str] = set()

    @property
    def asynchronous(self) -> bool:
        return self._request.flag("async")

    def put(self, index: int, row: dict[str, Any]) -> str:
        """Put one row; its FQN. Raises ``Refused``."""
        kind, store, user = self._kind, self._store, self._request.user
        rows.check_names(kind, row)
        rows.check_parent(kind, row, store.exists, status=400)
        if kind.type == "table":
            rows.check_table(row, self._there_before)
        fqn = rows.fqn_of(kind, row)
        if not user.may_write:
            operation = "EditAll" if store.exists(kind.type, fqn) else "Create"
            raise Refused(
                403,
                f"Permission denied: Principal: CatalogPrincipal{{name='{user.name}'}} "
                f"operations [{operation}] not allowed",
            )
        if index in self._rows:
            status, message = self._rows[index]
            raise Refused(status, message, stored=True)
        _, change = store.put(kind, row, user, override=self._override)
        if change == "entityCreated":
            self._made.add(fqn)
        return fqn

    def _there_before(self, type_: str, fqn: str) -> bool:
        # A target that this very request brought does not count for the server.
        return fqn not in self._made and self._store.exists(type_, fqn)

    def shown(self, row: dict[str, Any], refused: Refused) -> Any:
        """What a failed row is called: its FQN, or all of it if it never came to the store."""
        if refused.stored:
            return rows.fqn_of(self._kind, row)
        if refused.status == 403 and "columns" in row:  # by then its columns had their names
            row = {**row, "columns": rows.columns_of(rows.fqn_of(self._kind, row), row["columns"])}
        return rows.echo(self._kind, row)


def _answer(bulk: _Bulk, body: list[dict[str, Any]]) -> Reply:
    passed: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for index, row in enumerate(body):
        try:
            passed.append({"request": bulk.put(index, row), "status": 200})
        except Refused as refused:
            failed.append(
                {
                    "request": bulk.shown(row, refused),
                    "message": refused.message,
                    "status": refused.status,
                }
            )
    status = "success" if not failed else "partialSuccess" if passed else "failure"
    answer: dict[str, Any] = {
        "status": status if body else "failure",
        "numberOfRowsProcessed": len(body),
        "numberOfRowsPassed": len(passed),
        "numberOfRowsFailed": len(failed),
    }
    if passed:
        answer["successRequest"] = passed[::-1]  # the server does not keep the order either
    answer["failedRequest"] = failed
    if bulk.asynchronous:
        answer.pop("successRequest", None)
        answer["numberOfRowsPassed"] = 0
        return Reply(202, {**answer, "status": "partialSuccess" if failed else "running"})
    return Reply(200, answer)
