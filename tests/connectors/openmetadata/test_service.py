from __future__ import annotations

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.openmetadata.service import service_connection
from tests.connectors.openmetadata.support import server_of
from tests.servers.openmetadata import FakeOpenMetadata


def add(fake: FakeOpenMetadata, **fields: object) -> None:
    fake.add("databaseService", "shop", serviceType="Postgres", **fields)


def test_the_connection_is_as_the_server_keeps_it(fake: FakeOpenMetadata) -> None:
    config = {"type": "Postgres", "hostPort": "db:5432", "authType": {"password": "x"}}
    add(fake, connection={"config": config})
    found = service_connection(server_of(fake), "shop")
    assert found == config | {"supportsMetadataExtraction": True}


def test_a_service_that_is_not_there_is_named(fake: FakeOpenMetadata) -> None:
    with pytest.raises(FatalError, match=r"the service shop of http://.* does not exist"):
        service_connection(server_of(fake), "shop")


def test_a_bare_service_has_no_connection(fake: FakeOpenMetadata) -> None:
    add(fake)
    with pytest.raises(FatalError, match="without its connection"):
        service_connection(server_of(fake), "shop")


def test_masked_secrets_are_named_by_their_keys(fake: FakeOpenMetadata) -> None:
    config = {"type": "Postgres", "authType": {"password": "*********"}}
    add(fake, connection={"config": config})
    with pytest.raises(FatalError, match=r"does not show authType\.password"):
        service_connection(server_of(fake), "shop")
