"""Fixtures of the whole suite: the servers that tests start; and how hypothesis tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.flink import JobServer, job_server
from tests.servers.flink_cluster import FlinkCluster, flink_cluster
from tests.servers.kafka import KafkaServer, kafka_server
from tests.servers.mariadb import MariadbServer, mariadb_server
from tests.servers.opensearch import opensearch_server
from tests.servers.postgres import PostgresServer, postgres_server
from tests.servers.search_server import SearchServer

# The same examples in every run, and no verdict by the clock of a busy machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    yield from postgres_server()


@pytest.fixture(scope="session")
def logging_postgres() -> Iterator[PostgresServer]:
    """One that counts statements, and writes ``query.csv`` and ``query.json`` into its data."""
    yield from postgres_server({
        "shared_preload_libraries": "pg_stat_statements", "logging_collector": "on",
        "log_destination": "csvlog,jsonlog", "log_directory": "log", "log_filename": "query.log",
        "log_timezone": "UTC", "shared_buffers": "32MB",
    })  # fmt: skip


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    yield from mariadb_server()


@pytest.fixture(scope="session")
def flink() -> Iterator[JobServer]:
    yield from job_server()


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[SearchServer]:
    yield from elasticsearch_server()


@pytest.fixture(scope="session")
def opensearch() -> Iterator[SearchServer]:
    yield from opensearch_server()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    yield from kafka_server()


@pytest.fixture(scope="session")
def cluster() -> Iterator[FlinkCluster]:
    yield from flink_cluster()
