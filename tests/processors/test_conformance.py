"""The processors keep their contract."""

from __future__ import annotations

from beam_ingest.processors.filter import FilterProcessor
from beam_ingest.processors.python import PythonProcessor
from beam_ingest.processors.query_parser import QueryParserProcessor
from beam_ingest.processors.set import SetProcessor
from beam_ingest.testing import ProcessorSuite
from tests.processors.records import database, table


class TestFilter(ProcessorSuite):
    component = FilterProcessor
    config = {"entityType": "table", "keep": {"name": {"includes": ["orders"]}}}
    records = [table(), table("customers"), database(), {"name": "x"}]


class TestSet(ProcessorSuite):
    component = SetProcessor
    config = {
        "rules": [
            {
                "match": {"entityType": "table", "fqn": {"includes": [r"svc\.db"]}},
                "set": {"extension": {"team": ["sales"]}},
                "addTags": ["Tier.Tier1"],
                "addOwners": [{"type": "team", "name": "sales"}],
                "columns": [{"match": {"name": {"includes": ["email"]}}, "addTags": ["PII.X"]}],
            },
            {"setIfMissing": {"description": "none yet"}},
        ]
    }


class TestQueryParser(ProcessorSuite):
    component = QueryParserProcessor
    records = [
        {"query": "select * from t where id = 1", "dialect": "postgres"},
        {"query": "insert into t select * from u", "dialect": "mysql"},
        {"query": "no sql at all", "dialect": ""},
        {"name": "no query"},
    ]


class TestPython(ProcessorSuite):
    component = PythonProcessor
    config = {"function": "tests.processors.mine.Prefix", "options": {"prefix": "a-"}}
    records = [{"n": 1}, {"n": 2}]
    expected = [{"n": "a-1"}, {"n": "a-2"}]
