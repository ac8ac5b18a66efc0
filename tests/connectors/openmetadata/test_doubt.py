"""What is written past the fingerprints makes them doubtful, until a run has put it right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from beam_ingest.api.entities import LineageEdge, Table
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Outcome, Retired
from beam_ingest.api.record import Record
from beam_ingest.api.source import Scope
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprints
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    table,
    write_with_waves,
)
from tests.servers.openmetadata import FakeOpenMetadata

Run = Callable[..., list[Outcome]]


@pytest.fixture
def run(fake: FakeOpenMetadata, tmp_path: Path) -> Run:
    """A run of ``records`` that also retires tables and ends as ``end`` says."""

    def run(
        run_id: str, *records: Record, end: str | None = "commit", skip: str = "local"
    ) -> list[Outcome]:
        context = context_of(fake, run_id=run_id, skipUnchanged=skip, workDir=str(tmp_path))
        with opened(context) as sink:
            outcomes = write_with_waves(sink, [*parents(), *records])
        with opened(context) as other:
            if end == "commit":
                tables = [record.fqn for record in records if isinstance(record, Table)]
                assert isinstance(other.retire(Scope(SCHEMA, tables)), Retired)
            if end is not None:
                getattr(other, end)(None)
        return outcomes[len(parents()) :]

    return run


def changed(name: str) -> Table:
    return table(name, schema_definition="changed")


@pytest.mark.parametrize("end", ["abort", None])
def test_what_a_run_that_failed_or_died_has_written_is_put_right(
    run: Run, fake: FakeOpenMetadata, end: str | None
) -> None:
    run("one", table("a"), table("b"))
    run("two", changed("a"), table("b"), table("u"), end=end)
    assert run("three", table("a"), table("b")) == [WRITTEN, WRITTEN]
    assert fake.names("table") == [f"{SCHEMA}.a", f"{SCHEMA}.b"]
    assert "schemaDefinition" not in fake.entity("table", f"{SCHEMA}.a")
    fake.counted.requests.clear()
    assert run("four", table("a"), table("b")) == [UNCHANGED, UNCHANGED]
    assert fake.counted.requests == []


def test_a_run_that_sent_nothing_leaves_no_doubt(run: Run, fake: FakeOpenMetadata) -> None:
    run("one", table("a"))
    run("two", table("a"), end="abort")
    fake.counted.requests.clear()
    assert run("three", table("a")) == [UNCHANGED]
    assert fake.counted.requests == []


@pytest.mark.parametrize("skip", ["off", "server"])
def test_what_a_run_of_another_mode_has_written_is_put_right(
    run: Run, fake: FakeOpenMetadata, skip: str
) -> None:
    run("one", changed("a"))
    run("replay", table("a"), skip=skip)
    assert run("two", changed("a")) == [WRITTEN]
    assert fake.entity("table", f"{SCHEMA}.a")["schemaDefinition"] == "changed"
    assert run("three", changed("a")) == [UNCHANGED]


def test_a_server_where_nobody_keeps_fingerprints_gets_no_notes(run: Run, tmp_path: Path) -> None:
    run("one", table("a"), skip="off")
    assert not (tmp_path / "fingerprints").exists()


@pytest.mark.parametrize("skip", ["local", "server"])
def test_lineage_that_a_failed_run_has_changed_is_put_right(run: Run, skip: str) -> None:
    edges = [
        LineageEdge(name="e", from_fqn=f"{SCHEMA}.a", to_fqn=f"{SCHEMA}.b", sql_query=text)
        for text in ("select id", "select ref")
    ]
    tables = [table("a"), table("b")]
    run("one", *tables, edges[0], skip=skip)
    run("two", *tables, edges[1], skip=skip, end="abort")
    assert run("three", *tables, edges[0], skip=skip)[-1] == WRITTEN
    assert run("four", *tables, edges[0], skip=skip)[-1] == UNCHANGED


def test_what_this_run_has_written_itself_is_looked_at_first(
    fake: FakeOpenMetadata, tmp_path: Path, run: Run
) -> None:
    run("one", table("a"))
    context = context_of(fake, run_id="two", skipUnchanged="local", workDir=str(tmp_path))
    with opened(context) as sink:
        assert write_with_waves(sink, [changed("a")]) == [WRITTEN]
        assert write_with_waves(sink, [table("a")]) == [WRITTEN]
        assert write_with_waves(sink, [table("a")]) == [UNCHANGED]
        sink.commit(None)
    assert run("three", table("a")) == [UNCHANGED]


def test_a_run_that_goes_on_after_a_kill_knows_what_it_has_sent(run: Run, tmp_path: Path) -> None:
    run("one", table("a"), table("b"))
    killed = Fingerprints(str(tmp_path), "s", "svc", "two")
    killed.begin_to_write()
    killed.sending("table", ["a"])
    killed.add([("table", "b", "2")])
    killed.close()
    again = Fingerprints(str(tmp_path), "s", "svc", "two")
    assert again.holds("table", "b", "2")
    assert not again.holds("table", "a", "1")


def test_who_still_writes_stays_in_doubt_after_the_commit_of_another(tmp_path: Path) -> None:
    writing = kept(tmp_path, "writing")
    writing.begin_to_write()
    other = kept(tmp_path, "other")
    other.begin_to_write()
    other.add([("table", "a", "1")])
    other.commit()
    assert not kept(tmp_path, "next").holds("table", "a", "1")
    writing.close()  # it has died: the next that sends all and commits can be trusted
    later = kept(tmp_path, "later")
    later.add([("table", "a", "1")])
    later.commit()
    assert kept(tmp_path, "last").holds("table", "a", "1")


def test_a_commit_over_that_of_a_run_in_between_is_not_trusted(tmp_path: Path) -> None:
    slow = kept(tmp_path, "slow")
    slow.begin_to_write()
    slow.add([("table", "a", "1")])
    quick = kept(tmp_path, "quick")
    quick.begin_to_write()
    quick.add([("table", "a", "2")])
    quick.commit()
    slow.commit()
    assert not kept(tmp_path, "next").holds("table", "a", "1")


def test_processes_that_do_not_agree_are_not_trusted(tmp_path: Path) -> None:
    one, two = kept(tmp_path, "r"), kept(tmp_path, "r")
    one.add([("table", "a", "1"), ("table", "b", "1")])
    two.add([("table", "a", "2")])
    two.sending("table", ["b"])  # and dies
    one.close()
    two.close()
    one.commit()
    after = kept(tmp_path, "next")
    assert not any(after.holds("table", name, hash_) for name in "ab" for hash_ in "12")


def kept(folder: Path, run_id: str) -> Fingerprints:
    return Fingerprints(str(folder), "s", "svc", run_id)
