"""Each fault of the server, at bulk request 3 of 20: every record arrives once in effect."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.outcomes import WRITTEN, Outcome, Rejected
from beam_ingest.connectors.openmetadata import connection
from beam_ingest.connectors.openmetadata.connect import connect
from beam_ingest.http import Surroundings
from tests.clock import Clock
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    table,
    write,
)
from tests.servers.openmetadata import FakeOpenMetadata

TABLES = [table(f"t{n:03}") for n in range(200)]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The connector waits by a clock of its own."""
    time = Clock(0.0)
    surroundings = Surroundings(time, time, lambda: 0.0, time.wait)
    monkeypatch.setattr(
        connection, "connect", functools.partial(connect, surroundings=surroundings)
    )
    return time


def write_all(fake: FakeOpenMetadata, **config: Any) -> list[Outcome]:
    settings = {"concurrency": 1, **config.pop("settings", {})}
    with opened(context_of(fake, **settings), bulk_sink_batch_size=10, **config) as sink:
        assert write(sink, *parents()) == [WRITTEN] * 3
        return write(sink, *TABLES)


def expect_all(fake: FakeOpenMetadata, outcomes: list[Outcome]) -> None:
    assert outcomes == [WRITTEN] * 200
    assert fake.names("table") == [table.fqn for table in TABLES]


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        ({"delay": 0.05}, []),
        ({"status": 429, "headers": {"Retry-After": "7"}}, [7.0]),
        ({"status": 429, "headers": {"Retry-After": "Thu, 01 Jan 1970 00:00:09 GMT"}}, [9.0]),
        ({"status": 503, "times": 3}, [0.25, 0.5, 1.0]),
        ({"status": 504, "headers": {"Retry-After": "2"}}, [2.0]),
        ({"status": 502, "body": "<html>bad gateway</html>"}, [0.25]),
        ({"cut": "before"}, [0.25]),
        ({"cut": "after"}, [0.25]),
        ({"status": 500, "body": {"code": 500, "message": "lock"}, "times": 2}, [0.25, 0.5]),
    ],
)
def test_what_passes_is_tried_again(
    fake: FakeOpenMetadata, time: Clock, fault: dict[str, Any], waited: list[float]
) -> None:
    fake.faults.add("/tables/bulk", after=2, **fault)
    expect_all(fake, write_all(fake))
    assert time.waits == waited


@pytest.mark.parametrize("status", [409, 429, 503])
def test_rows_that_meet_a_lock_are_sent_again_alone(
    fake: FakeOpenMetadata, time: Clock, status: int
) -> None:
    fake.faults.add("/tables/bulk", after=2, rows={0: (status, "locked"), 7: (status, "locked")})
    expect_all(fake, write_all(fake))
    assert max(fake.counted.sent.values()) == 2
    assert sum(fake.counted.sent[table.fqn] - 1 for table in TABLES) == 2


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_that_has_no_bulk_after_all_takes_them_one_by_one(
    fake: FakeOpenMetadata, time: Clock, status: int
) -> None:
    fake.faults.add("/tables/bulk", after=2, times=None, status=status)
    expect_all(fake, write_all(fake))
    assert fake.counted.count("PUT", "/tables/bulk") == 3


def test_rows_that_stay_locked_are_dead_letters_in_the_servers_words(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    fake.faults.add("/tables/bulk", after=2, times=None, rows={4: (503, "still locked")})
    outcomes = write_all(fake)
    refused = [n for n, outcome in enumerate(outcomes) if outcome != WRITTEN]
    assert refused == list(range(24, 200, 10))[: len(refused)]
    assert len(fake.names("table")) == 200 - len(refused)


def test_refused_rows_are_dead_letters_and_the_others_arrive(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    fake.faults.add("/tables/bulk", after=2, rows={3: (400, "no such thing")})
    outcomes = write_all(fake)
    assert outcomes[23] == Rejected("no such thing")
    assert outcomes.count(WRITTEN) == 199
    assert len(fake.names("table")) == 199
    assert time.waits == []


def test_an_answer_without_lists_is_understood(fake: FakeOpenMetadata, time: Clock) -> None:
    body = {"status": "success", "numberOfRowsProcessed": 10, "numberOfRowsPassed": 10}
    fake.faults.add("/tables/bulk", after=2, status=200, body=body)
    assert write_all(fake) == [WRITTEN] * 200


def test_rows_that_an_answer_does_not_mention_are_sent_again(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    body = {"status": "aborted", "abortReason": "memory", "numberOfRowsPassed": 0}
    fake.faults.add("/tables/bulk", after=2, status=200, body=body)
    expect_all(fake, write_all(fake))


def test_a_row_that_is_never_mentioned_is_a_dead_letter(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    body = {"status": "aborted", "abortReason": "memory", "numberOfRowsPassed": 0}
    fake.faults.add("/tables/bulk", status=200, body=body, times=None)
    why = "the server's answer does not mention it (its status is aborted: memory)"
    assert write_all(fake) == [Rejected(why)] * 200


def test_what_is_too_large_is_halved_and_stays_so(time: Clock) -> None:
    with FakeOpenMetadata(max_body=1200) as fake:
        expect_all(fake, write_all(fake))
        refused = [seen.rows for seen in fake.counted.requests if seen.status == 413]
    assert refused == [10]


def test_one_entity_that_is_too_large_is_a_dead_letter(time: Clock) -> None:
    with FakeOpenMetadata(max_body=5000) as fake, opened(context_of(fake)) as sink:
        write(sink, *parents())
        outcomes = write(sink, table("a"), table("huge", description="x" * 6000), table("b"))
    assert outcomes == [WRITTEN, Rejected("HTTP 413 Request Entity Too Large"), WRITTEN]


def test_a_request_that_gets_no_answer_in_time_is_halved(
    fake: FakeOpenMetadata, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.add("/tables/bulk", after=2, delay=0.5)
    expect_all(fake, write_all(fake, readTimeout=0.25))
    assert "did not answer in time of a request of 10 entities" in caplog.text
    assert max(s.rows for s in fake.counted.requests[-10:]) == 5


def test_a_token_that_expires_stops_the_run(fake: FakeOpenMetadata, time: Clock) -> None:
    body = {"code": 401, "message": "Expired token!"}
    fake.faults.add("/tables/bulk", after=2, times=None, status=401, body=body)
    with pytest.raises(FatalError, match="401: Expired token!"):
        write_all(fake)
    assert len(fake.names("table")) == 20
    assert time.waits == []


def test_a_server_that_dies_stops_the_run_within_its_budget(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    fake.faults.add("", after=8, times=None, cut="before")
    with pytest.raises(FatalError, match="does not answer any more"):
        write_all(fake)
    assert 120 <= time.now < 140


def test_a_run_without_end_is_held_up_by_a_server_that_is_away(
    fake: FakeOpenMetadata, time: Clock
) -> None:
    context = replace(context_of(fake, concurrency=2), unbounded=True)
    with opened(context, bulk_sink_batch_size=10) as sink:
        write(sink, *parents())
        fake.faults.add("", times=None, cut="before")
        for _ in range(2):  # as often as the framework asks
            with pytest.raises(TransientError, match="does not answer"):
                write(sink, *TABLES)
        fake.faults.clear()
        expect_all(fake, write(sink, *TABLES))


def test_a_bad_row_that_kills_its_request_costs_one_row(
    time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeOpenMetadata() as fake:
        poison = TABLES[42].name
        original = fake.respond

        def respond(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
            if f'"{poison}"'.encode() in body:
                fake.faults.add("/tables/bulk", status=500, body={"message": "NullPointer"})
            return original(method, target, headers, body)

        monkeypatch.setattr(fake, "respond", respond)
        outcomes = write_all(fake)
    assert [n for n, outcome in enumerate(outcomes) if outcome != WRITTEN] == [42]
    assert "NullPointer" in str(outcomes[42])


def test_all_faults_at_once_with_requests_in_flight(fake: FakeOpenMetadata, time: Clock) -> None:
    faults: list[dict[str, Any]] = [
        {"status": 503}, {"cut": "after"}, {"cut": "before"}, {"status": 429},
    ]  # fmt: skip
    for after, fault in enumerate(faults, start=2):
        fake.faults.add("/tables/bulk", after=after, **fault)
    expect_all(fake, write_all(fake, settings={"concurrency": 4}))


def test_lists_are_tried_again_too(fake: FakeOpenMetadata, time: Clock) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents())  # what this run made itself would need no list
    fake.faults.add("/v1/tables$", method="GET", status=503)
    with opened(context_of(fake, skipUnchanged="server", concurrency=1)) as sink:
        expect_all(fake, write(sink, *TABLES))
    assert time.waits == [0.25]


def test_the_counts_agree_with_the_servers(fake: FakeOpenMetadata, time: Clock) -> None:
    fake.faults.add("/tables/bulk", after=2, rows={1: (400, "bad"), 2: (503, "locked")})
    fake.faults.add("/tables/bulk", after=9, cut="after")
    outcomes = write_all(fake, settings={"concurrency": 4})
    there = set(fake.names("table"))
    assert [t.fqn in there for t in TABLES] == [outcome == WRITTEN for outcome in outcomes]
    assert f"{SCHEMA}.t000" in there
