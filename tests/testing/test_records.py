"""Sample records: the same ones each time, of the size that benchmarks are stated for."""

from __future__ import annotations

import hashlib
import json
from itertools import islice

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.record import Record
from beam_ingest.testing.records import sample_mappings, sample_tables


def test_the_same_tables_come_each_time() -> None:
    lines = b"\n".join(encode(table) for table in sample_tables(250))
    assert lines == b"\n".join(encode(table) for table in sample_tables(250))
    # Across versions and machines: benchmarks of two releases compare the same work.
    assert hashlib.sha256(lines).hexdigest() == SHA256_OF_250_TABLES


def test_tables_have_names_of_their_own_a_hundred_to_a_schema() -> None:
    tables = list(sample_tables(250))
    assert len({table.fqn for table in tables}) == 250
    assert len({table.database_schema for table in tables}) == 3


def test_tables_have_as_many_columns_as_asked() -> None:
    assert [len(table.columns) for table in sample_tables(2, columns=30)] == [30, 30]
    assert next(sample_tables(1, columns=0)).table_constraints is None


def test_tables_are_valid() -> None:
    for table in sample_tables(10):
        assert decode(encode(table)) == table


def test_a_record_is_about_a_kilobyte_and_a_quarter() -> None:
    samples: list[Record] = [*sample_tables(3), *sample_mappings(3)]
    for record in samples:
        assert 1200 < len(encode(record)) < 1300


def test_mappings_are_plain_and_nested() -> None:
    record = next(sample_mappings(1))
    assert json.loads(json.dumps(record)) == record
    assert record["columns"][0]["name"] == "column_00"
    assert record["fullyQualifiedName"] == next(sample_tables(1)).fqn


def test_records_are_made_one_by_one() -> None:
    assert len(list(islice(sample_mappings(10**9), 3))) == 3


SHA256_OF_250_TABLES = "7ba4927fd81646fcef53cbb704d1710b3efa7f68ba7baad51d5ad293a76e6ed8"
