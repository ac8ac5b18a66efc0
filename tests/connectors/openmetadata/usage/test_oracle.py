"""The same log as OpenMetadata's own usage workflow was given, into the fake server."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow
from tests.connectors.openmetadata.usage.support import (
    ORACLE,
    counts,
    fill,
    joins,
    november,
    oracle,
    usage_workflow,
)
from tests.servers.openmetadata import FakeOpenMetadata

WEIRD = 'ing_types.types.Odd Schema."weird.name"'


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[FakeOpenMetadata, Report]]:
    with FakeOpenMetadata(clock=november) as fake:
        fill(fake)
        before = len(fake.counted.requests)
        folder = tmp_path_factory.mktemp("usage")
        document = usage_workflow(fake, ORACLE / "usage.log.csv", folder)
        report = Workflow.from_config(document).run()
        del fake.counted.requests[:before]
        yield fake, report


def logged(word: str) -> dict[str, int]:
    """By day, how many lines of the log hold a word."""
    with (ORACLE / "usage.log.csv").open(newline="") as file:
        days = [row["start_time"][:10] for row in csv.DictReader(file) if word in row["query_text"]]
    return dict(sorted(Counter(days).items()))


def test_the_counts_are_openmetadatas_and_the_odd_name_is_counted_too(published: Any) -> None:
    fake, _ = published
    found = counts(fake)
    assert found.pop(WEIRD) == logged("weird.name")
    assert found == oracle()["counts"]


def test_the_joins_are_openmetadatas(published: Any) -> None:
    fake, _ = published
    assert joins(fake) == {
        table: {
            (column["columnName"], other["fullyQualifiedName"]): other["joinCount"]
            for column in held["columnJoins"]
            for other in column["joinedWith"]
        }
        for table, held in oracle()["joins"].items()
    }


def test_the_queries_are_openmetadatas_with_all_their_users_and_tables(published: Any) -> None:
    fake, _ = published
    names = {entity["id"]: name for name, entity in fake.store.entities["table"].items()}
    held = {each["query"]: each for each in fake.store.entities["query"].values()}
    for query in oracle()["queries"]:
        ours = held.pop(query["query"])
        assert ours["name"] == query["checksum"]
        # OpenMetadata keeps the user and the table of the last execution only.
        assert set(ours["usedBy"]) >= set(query["usedBy"])
        assert {names[each["id"]] for each in ours["queryUsedIn"]} >= set(query["usedIn"])
        assert ours["duration"] > 0
    assert list(held) == ['select "col.with.dot" from "Odd Schema"."weird.name" limit ?']


def test_it_takes_at_most_60_requests(published: Any) -> None:
    fake, _ = published
    assert len(fake.counted.requests) <= 60


def test_each_day_is_ranked_once(published: Any) -> None:
    fake, _ = published
    assert fake.store.ranked == [("table", "2026-11-20"), ("table", "2026-11-21")]


def test_the_report_tells_what_has_no_place_on_the_server(published: Any) -> None:
    _, report = published
    assert report.status == "success", report.sentence
    steps = {step.name: step for step in report.steps}
    assert steps["query-parser"].passed == 400
    told = {(drop.step, drop.reason): drop.count for drop in report.filtered}
    unparsed = "a query that cannot be parsed: not understood at line 1, column 18"
    assert told == {
        ("metadata-usage", unparsed): 1,
        ("metadata-usage", "lineage of no two tables of the server"): 2,
        # by day, as usage is
        ("metadata-usage", "no table of the server: sales.copy_1"): len(logged("copy_1")),
        ("metadata-usage", "no table of the server: sales.copy_2"): len(logged("copy_2")),
    }
