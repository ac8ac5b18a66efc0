"""A Flink job is found by its id or its name, told of, cancelled, and stopped with a savepoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.engines.flink import FlinkJob, cause, rest_url
from beam_ingest.engines.job import Job, State
from beam_ingest.runners.jobs import check_reachable
from tests.engines.fakes import FakeFlink, fake_flink
from tests.servers.free_port import free_port


@pytest.fixture
def fake() -> Iterator[FakeFlink]:
    with fake_flink() as running:
        yield running


def job(fake: FakeFlink, id_: str = "", name: str = "beam-ingest-r1") -> FlinkJob:
    return FlinkJob(Job("flink", name, fake.url, id_))


@pytest.mark.parametrize(
    ("flink", "state"),
    [
        ("CREATED", State.RUNNING),
        ("RESTARTING", State.RUNNING),
        ("FAILING", State.RUNNING),
        ("FINISHED", State.DONE),
        ("FAILED", State.FAILED),
        ("CANCELED", State.CANCELLED),
    ],
)
def test_a_job_that_restarts_is_running(fake: FakeFlink, flink: str, state: State) -> None:
    fake.add("a1", "beam-ingest-r1", flink)
    assert job(fake, "a1").state() is state


def test_without_an_id_the_newest_job_of_the_name_is_meant(fake: FakeFlink) -> None:
    fake.add("a1", "beam-ingest-r1", "FAILED", start=1)
    fake.add("a3", "beam-ingest-r1", "RUNNING", start=3)
    fake.add("a4", "another", "FAILED", start=4)
    assert job(fake).id == "a3"
    assert job(fake).state() is State.RUNNING
    assert "a3" in job(fake, "a3").place()
    assert fake.url in job(fake, "a3").place()


def test_a_job_that_flink_does_not_know_is_gone(fake: FakeFlink) -> None:
    assert job(fake).state() is State.GONE
    assert job(fake, "lost").state() is State.GONE


def test_only_a_job_that_runs_is_cancelled(fake: FakeFlink) -> None:
    fake.add("a1", "beam-ingest-r1")
    job(fake, "a1").cancel()
    assert fake.asked[-1] == ("PATCH", "/v1/jobs/a1?mode=cancel")
    job(fake, "a1").cancel()
    assert [method for method, _ in fake.asked].count("PATCH") == 1


def test_a_savepoint_is_where_an_unbounded_run_goes_on(fake: FakeFlink) -> None:
    fake.add("a1", "beam-ingest-r1")
    assert job(fake, "a1").stop_with_savepoint("file:/s") == "file:/s/savepoint-1"
    fake.savepoint = {
        "failure-cause": {"stack-trace": "X: no\nCaused by: java.io.IOException: full"}
    }
    with pytest.raises(
        FatalError, match=r"could not take a savepoint: java\.io\.IOException: full"
    ):
        job(fake, "a1").stop_with_savepoint("file:/s")


def test_a_cluster_that_is_not_there_is_an_error_with_its_address() -> None:
    port = free_port()
    with pytest.raises(IngestError, match=f"127.0.0.1:{port}"):
        FlinkJob(Job("flink", "n", f"127.0.0.1:{port}", "a1")).state()


def test_an_address_needs_no_scheme() -> None:
    assert rest_url("flink:8081") == "http://flink:8081"
    assert rest_url("https://flink:443/") == "https://flink:443"


JAVA = """org.apache.flink.runtime.JobException: Recovery is suppressed
\tat org.apache.flink.X.y(X.java:1)
Caused by: java.lang.Exception: The user defined 'open()' method caused an exception
\tat org.apache.flink.X.z(X.java:2)
Caused by: java.lang.RuntimeException: Error received from SDK harness for instruction 4: \
Traceback (most recent call last):
  File "/x/sdk_worker.py", line 1, in f
    import beam_ingest
ModuleNotFoundError: No module named 'beam_ingest'

\tat org.apache.beam.Z
"""


def test_the_cause_of_a_failure_is_one_line() -> None:
    assert cause(JAVA) == "ModuleNotFoundError: No module named 'beam_ingest'"
    assert cause("A: b\n\tat x\nCaused by: C: d\n\tat y") == "C: d"
    assert cause("A: b\n\tat x") == "A: b"
    assert cause("") is None


@pytest.mark.parametrize(
    ("config", "restarts"),
    [
        ({}, False),
        ({"restart-strategy.type": "none"}, False),
        ({"restart-strategy.type": "fixed-delay"}, True),
        ({"restart-strategy": "exponential-delay"}, True),
    ],
)
def test_a_cluster_that_does_not_restart_jobs_is_told_of(
    fake: FakeFlink, config: dict[str, str], restarts: bool, caplog: pytest.LogCaptureFixture
) -> None:
    fake.config = config
    assert job(fake).restarts() is restarts
    check_reachable(Job("flink", "n", fake.url))
    assert ("has no restart strategy" in caplog.text) is not restarts
