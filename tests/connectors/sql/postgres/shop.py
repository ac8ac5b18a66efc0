"""The catalogue that the tests of the source ``postgres`` read."""

from __future__ import annotations

from typing import Any

from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.postgres import PostgresServer

SHOP = """
CREATE SCHEMA sales; CREATE SCHEMA hr; CREATE SCHEMA "Odd.Schema";
COMMENT ON SCHEMA sales IS 'What we sell';
CREATE DOMAIN sales.email AS varchar(80) NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TYPE sales.mood AS ENUM ('happy', 'sad');
CREATE TYPE sales.address AS (street text, zip varchar(10), moods sales.mood[]);
CREATE TABLE sales.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email sales.email UNIQUE,
    name varchar(64) NOT NULL DEFAULT 'nobody', mood sales.mood, home sales.address,
    tags text[], size numeric(12,2), free numeric, at timestamptz(3), flag bit(8),
    during tstzrange, span interval day to second, code char(3),
    double_size numeric GENERATED ALWAYS AS (size * 2) STORED, CHECK (size > 0));
COMMENT ON TABLE sales.customers IS 'Who buys';
COMMENT ON COLUMN sales.customers.email IS 'Where to write';
CREATE TABLE sales.orders (id bigint, line int, customer bigint REFERENCES sales.customers,
    PRIMARY KEY (id, line), UNIQUE (customer, line));
CREATE TABLE hr.notes (order_id bigint, order_line int, boss int, id int PRIMARY KEY,
    FOREIGN KEY (order_line, order_id) REFERENCES sales.orders (line, id),
    FOREIGN KEY (boss) REFERENCES hr.notes);
CREATE TABLE "Odd.Schema"."a ""weird"" name" (id int PRIMARY KEY REFERENCES hr.notes);
CREATE VIEW sales.spend AS SELECT c.email, count(*) AS n
    FROM sales.customers c JOIN sales.orders o ON o.customer = c.id GROUP BY c.email;
CREATE MATERIALIZED VIEW sales.spend_now AS SELECT * FROM sales.spend;
CREATE TABLE sales.log (at date NOT NULL, kind int, text text) PARTITION BY RANGE (at, kind);
CREATE TABLE sales.log_1 PARTITION OF sales.log
    FOR VALUES FROM ('2026-01-01', 0) TO ('2027-01-01', 0) PARTITION BY LIST (kind);
CREATE TABLE sales.log_1_a PARTITION OF sales.log_1 FOR VALUES IN (1);
CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE hr.passwd (line text) SERVER files OPTIONS (filename '/etc/passwd');
CREATE FUNCTION sales.twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2';
CREATE FUNCTION sales.twice(x text) RETURNS text LANGUAGE sql AS 'SELECT x || x';
CREATE FUNCTION sales.body(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x; END;
CREATE PROCEDURE hr.fire(who int) LANGUAGE plpgsql AS 'BEGIN NULL; END';
COMMENT ON PROCEDURE hr.fire IS 'Rarely used';
CREATE ROLE reader LOGIN PASSWORD 's3cret-of-the-tests';
GRANT USAGE ON SCHEMA sales, hr TO reader;
"""
SALES = "svc.shop.sales"


def read(server: PostgresServer, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    return read_all(make(PostgresSource, server.connection("shop", **keys), source_config))


def column(found: Read, table: str, name: str) -> dict[str, Any]:
    (match,) = [c for c in found.table(table).columns if c.name == name]
    return match.to_dict()


def constraints(found: Read, table: str) -> list[dict[str, Any]]:
    return [constraint.to_dict() for constraint in found.table(table).table_constraints or ()]
