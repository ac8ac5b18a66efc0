"""Which table of the server a name means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.connectors.openmetadata.usage.resolve import Resolver
from tests.connectors.openmetadata.support import context_of, opened
from tests.connectors.openmetadata.usage.support import fill
from tests.servers.openmetadata import FakeOpenMetadata

SHOP = {
    "sales": {"orders": ("id",), "Mixed": ("id",)},
    "public": {"orders": ("id",), "only_here": ("id",)},
    "Odd.Schema": {"a table": ("id",)},
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as fake:
        fill(fake, SHOP, "pg", "shop")
        fake.add("database", "archive", service="pg")
        fake.add("databaseSchema", "sales", database="pg.archive")
        fake.add("table", "old", databaseSchema="pg.archive.sales", columns=[])
        fill(fake, {"main": {"Orders": ("id",)}}, "my", "default", "Mysql")
        yield fake


@pytest.fixture(scope="module")
def resolver(server: FakeOpenMetadata) -> Iterator[Resolver]:
    with opened(context_of(server)) as sink:
        yield Resolver(sink.connection.catalogue)


def spelled(name: str, database: str = "shop", path: str = "", dialect: str = "postgres") -> Any:
    parts = name.split("/")
    return {
        "dialect": dialect,
        "sessionDatabase": database,
        "table": [*[""] * (3 - len(parts)), *parts],
        "searchPath": path.split(),
    }


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (spelled("sales/orders"), "pg.shop.sales.orders"),
        (spelled("shop/sales/orders", database="archive"), "pg.shop.sales.orders"),
        (spelled("archive/sales/old"), "pg.archive.sales.old"),
        (spelled("sales/old"), None),
        (spelled("orders", path="sales public"), "pg.shop.sales.orders"),
        (spelled("orders", path="ann public"), "pg.shop.public.orders"),
        (spelled("orders"), "pg.shop.public.orders"),
        (spelled("only_here", path="sales"), None),
        (spelled("Odd.Schema/a table"), 'pg.shop."Odd.Schema".a table'),
        (spelled("sales/Mixed"), "pg.shop.sales.Mixed"),
        (spelled("sales/mixed"), None),
        (spelled("sales/mixed", dialect="duckdb"), "pg.shop.sales.Mixed"),
        (spelled("SALES/orders", database="SHOP", dialect="duckdb"), "pg.shop.sales.orders"),
        (spelled("mixed", dialect="duckdb"), "pg.shop.sales.Mixed"),
        (spelled("orders", dialect="duckdb"), None),
        (spelled("old", database="", dialect=""), "pg.archive.sales.old"),
        (spelled("sales/old", database="nowhere"), None),
        (spelled("nosuch"), None),
    ],
)
def test_a_name_is_resolved(resolver: Resolver, spelling: Any, expected: str | None) -> None:
    assert resolver.table("pg", spelling) == expected


def test_a_service_with_one_database_needs_no_name_of_it(resolver: Resolver) -> None:
    spelling = spelled("main/orders", database="", dialect="mysql")
    assert resolver.table("my", spelling) == "my.default.main.Orders"


def test_a_service_that_is_not_there_has_no_tables(resolver: Resolver) -> None:
    assert resolver.table("nosuch", spelled("sales/orders")) is None


def test_tables_are_listed_once_a_database(server: FakeOpenMetadata) -> None:
    with opened(context_of(server)) as sink:
        before = len(server.counted.requests)
        fresh = Resolver(sink.connection.catalogue)
        for name in ("sales/orders", "public/orders", "nosuch/orders", "sales/nosuch"):
            fresh.table("pg", spelled(name))
            fresh.columns("pg.shop.sales.orders")
        assert [seen.path for seen in server.counted.requests[before:]] == ["/v1/tables"]
