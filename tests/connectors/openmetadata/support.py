"""What the tests of the OpenMetadata connector share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from beam_ingest.api.component import Context
from beam_ingest.api.entities import (
    Column,
    Database,
    DatabaseSchema,
    DatabaseService,
    Table,
    TableConstraint,
)
from beam_ingest.api.outcomes import Deferred, Outcome
from beam_ingest.api.record import Record
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.settings import RunSettings
from beam_ingest.api.sink import Batch
from beam_ingest.connectors.openmetadata.sink import MetadataRestSink
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata

SERVICE = "shop"
SCHEMA = "shop.db.sales"


def server_of(fake: FakeOpenMetadata, token: str = BOT_TOKEN, **keys: Any) -> OpenMetadataServer:
    return OpenMetadataServer.model_validate(
        {"hostPort": fake.url, "securityConfig": {"jwtToken": token}, **keys}
    )


def context_of(
    fake: FakeOpenMetadata,
    *,
    token: str = BOT_TOKEN,
    run_id: str = "",
    source_config: Any = None,
    server: dict[str, Any] | None = None,
    **settings: Any,
) -> Context:
    return Context(
        SERVICE,
        run_id,
        source_config,
        server_of(fake, token, **(server or {})),
        RunSettings.model_validate(settings),
    )


@contextmanager
def opened(context: Context, **config: Any) -> Iterator[MetadataRestSink]:
    sink = MetadataRestSink(MetadataRestSink.Config.model_validate(config), context)
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def write(sink: MetadataRestSink, *records: Record, wave: int = 0) -> list[Outcome]:
    return list(sink.write(Batch(records, "split/0", wave)) or ())


def write_with_waves(sink: MetadataRestSink, records: Sequence[Record]) -> list[Outcome]:
    """As the framework does it: what is deferred comes again, after all."""
    outcomes = write(sink, *records)
    wave = 0
    while left := [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Deferred)]:
        wave += 1
        again = write(sink, *(records[n] for n in left), wave=wave)
        for n, outcome in zip(left, again, strict=True):
            outcomes[n] = outcome
        if all(isinstance(outcome, Deferred) for outcome in again):
            return outcomes
    return outcomes


def parents(*schemas: str) -> list[Record]:
    config = {"type": "Postgres", "hostPort": "db:5432", "username": "reader", "database": "db"}
    service = DatabaseService(name=SERVICE, service_type="Postgres", connection={"config": config})
    database = Database(name="db", service=SERVICE)
    names = schemas or ("sales",)
    return [service, database, *(DatabaseSchema(name=n, database="shop.db") for n in names)]


def table(name: str, *refers_to: str, schema: str = SCHEMA, **fields: Any) -> Table:
    """A table of two columns, with a foreign key to each of the tables named."""
    constraints = [
        TableConstraint(
            constraint_type="FOREIGN_KEY", columns=["ref"], referred_columns=[f"{target}.id"]
        )
        for target in refers_to
    ]
    return Table(
        name=name,
        database_schema=schema,
        table_type="Regular",
        columns=fields.pop(
            "columns", [Column(name="id", data_type="INT"), Column(name="ref", data_type="INT")]
        ),
        table_constraints=constraints or None,
        **fields,
    )


def keys_of(fake: FakeOpenMetadata, name: str) -> list[str]:
    """The columns that the foreign keys of a stored table refer to."""
    constraints = fake.entity("table", f"{SCHEMA}.{name}").get("tableConstraints") or ()
    return [column for each in constraints for column in each["referredColumns"]]
