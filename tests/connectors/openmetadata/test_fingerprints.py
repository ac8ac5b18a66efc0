from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.errors import FatalError
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Outcome, Retired
from beam_ingest.api.record import Record
from beam_ingest.api.source import Scope
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprints
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    keys_of,
    opened,
    parents,
    table,
    write,
    write_with_waves,
)
from tests.servers.openmetadata import FakeOpenMetadata

EDGE = LineageEdge(name="e", from_fqn=f"{SCHEMA}.a", to_fqn=f"{SCHEMA}.b")
TABLES = [table("a"), table("b", f"{SCHEMA}.a"), table("c", f"{SCHEMA}.c")]

Run = Callable[..., list[Outcome]]


@pytest.fixture
def run(fake: FakeOpenMetadata, tmp_path: Path) -> Run:
    def run(run_id: str, *records: Record, end: str = "commit") -> list[Outcome]:
        context = context_of(fake, run_id=run_id, skipUnchanged="local", workDir=str(tmp_path))
        with opened(context) as sink:
            outcomes = write_with_waves(sink, records)
        with opened(context) as other:  # the framework ends a run by an instance of its own
            if end != "nothing":
                getattr(other, end)(None)
        return outcomes

    return run


def test_a_second_run_asks_and_sends_nothing(run: Run, fake: FakeOpenMetadata) -> None:
    records = [*parents(), *TABLES, EDGE]
    assert run("one", *records) == [WRITTEN] * 7
    fake.counted.requests.clear()
    assert run("two", *records) == [UNCHANGED] * 7
    assert run("three", *records) == [UNCHANGED] * 7
    assert fake.counted.requests == []


def test_only_what_changed_is_sent_and_its_keys_are_kept(run: Run, fake: FakeOpenMetadata) -> None:
    run("one", *parents(), *TABLES)
    fake.counted.sent.clear()
    changed = table("b", f"{SCHEMA}.a", schema_definition="create table b")
    assert run("two", *parents(), TABLES[0], changed) == [*[UNCHANGED] * 4, WRITTEN]
    assert list(fake.counted.sent) == [f"{SCHEMA}.b"]
    assert keys_of(fake, "b") == [f"{SCHEMA}.a.id"]


@pytest.mark.parametrize("end", ["abort", "nothing"])
def test_a_run_that_did_not_end_well_is_not_trusted(
    run: Run, fake: FakeOpenMetadata, end: str
) -> None:
    run("one", *parents(), table("a", description="first"))
    run("two", *parents(), table("a", description="second"), end=end)
    # The server has the second by now, so neither is known to be there.
    assert run("three", *parents(), table("a", description="first"))[3] == WRITTEN
    assert run("four", *parents(), table("a", description="first"))[3] == UNCHANGED
    assert fake.entity("table", f"{SCHEMA}.a")["description"] == "first"


def test_what_a_run_did_not_come_with_is_forgotten(run: Run) -> None:
    run("one", *parents(), *TABLES)
    run("two", *parents())
    assert run("three", *parents(), TABLES[0])[3] == WRITTEN


def test_a_table_without_one_of_its_keys_is_sent_again(run: Run, fake: FakeOpenMetadata) -> None:
    lonely = table("lonely", f"{SCHEMA}.late")
    run("one", *parents(), lonely)
    assert run("two", *parents(), lonely, table("late"))[3:] == [WRITTEN, WRITTEN]
    assert keys_of(fake, "lonely") == [f"{SCHEMA}.late.id"]
    assert run("three", *parents(), lonely)[3] == UNCHANGED


def test_another_server_or_service_has_its_own(tmp_path: Path) -> None:
    one = Fingerprints(str(tmp_path), "http://a/api", "shop", "r")
    one.add([("table", "t", "h")])
    one.commit()
    assert Fingerprints(str(tmp_path), "http://a/api", "shop", "s").holds("table", "t", "h")
    for server, service in (("http://b/api", "shop"), ("http://a/api", "hr")):
        other = Fingerprints(str(tmp_path), server, service, "s")
        assert not other.holds("table", "t", "h")


def test_processes_of_a_run_are_put_together_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    first, second = (Fingerprints(str(tmp_path), "u", "s", "r") for _ in range(2))
    first.add([("table", "a\n.b", "1")])
    second.add([("table", "c", "2")])
    first.close()
    second.close()
    (part, *_) = tmp_path.glob("fingerprints/*/r/*.jsonl")
    with part.open("ab") as file:
        file.write(b'["table","torn')
    first.commit()
    first.commit()
    after = Fingerprints(str(tmp_path), "u", "s", "next")
    assert after.holds("table", "a\n.b", "1")
    assert after.holds("table", "c", "2")
    assert [path.name for path in tmp_path.glob("fingerprints/*/*")] == ["current.jsonl"]


def test_an_object_store_is_refused_with_the_other_way() -> None:
    with pytest.raises(FatalError, match=r"in gs://bucket/runs .*skipUnchanged: server"):
        Fingerprints("gs://bucket/runs", "u", "s", "r")


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    prints = Fingerprints(str(tmp_path / "file"), "u", "s", "r")
    with pytest.raises(FatalError, match=r"fingerprints cannot be kept in .*: Not a directory"):
        prints.add([("table", "t", "h")])


def test_lines_that_a_crash_has_spoiled_cost_one_more_request_each(tmp_path: Path) -> None:
    kept = Fingerprints(str(tmp_path), "s", "svc", "one")
    kept.add([("table", "a", "1"), ("table", "b", "2")])
    kept.close()
    (part,) = tmp_path.glob("fingerprints/*/one/*.jsonl")
    part.write_bytes(part.read_bytes()[:20] + b"\0" * 8 + b'\n["table","c"]\n["table","d","4"]\n')
    kept.commit()
    again = Fingerprints(str(tmp_path), "s", "svc", "two")
    assert again.holds("table", "a", "1")
    assert again.holds("table", "d", "4")
    assert not again.holds("table", "b", "2")


Retiring = Callable[..., Retired | None]


@pytest.fixture
def retiring(fake: FakeOpenMetadata, tmp_path: Path) -> Retiring:
    """A complete run: it writes ``records``, and its listing of the schema has ``listed``."""

    def run(run_id: str, records: Sequence[Record], listed: Sequence[str] | None) -> Retired | None:
        context = context_of(fake, run_id=run_id, skipUnchanged="local", workDir=str(tmp_path))
        with opened(context) as sink:
            write_with_waves(sink, [*parents(), *records])
        with opened(context) as other:
            names = [f"{SCHEMA}.{name}" for name in listed or ()]
            retired = other.retire(Scope(SCHEMA, names)) if listed is not None else None
            other.commit(None)
        return retired

    return run


def test_what_is_gone_is_retired_without_a_list_of_what_is_there(
    retiring: Retiring, fake: FakeOpenMetadata
) -> None:
    assert retiring("one", TABLES, "abc") == Retired(0)
    fake.counted.requests.clear()
    assert retiring("two", TABLES[:2], "ab") == Retired(1)
    assert retiring("three", TABLES[:2], "ab") == Retired(0)
    assert fake.names("table", "deleted") == [f"{SCHEMA}.c"]
    assert [(asked.method, "/name/" in asked.path) for asked in fake.counted.requests] == [
        ("GET", True), ("DELETE", False),
    ]  # fmt: skip


def test_what_a_run_listed_and_did_not_write_is_retired_later(
    retiring: Retiring, fake: FakeOpenMetadata
) -> None:
    # Its record failed on the way, say, and the run was good enough all the same.
    assert retiring("one", TABLES, "abc") == Retired(0)
    for run_id in ("two", "three"):
        assert retiring(run_id, TABLES[:2], "abc") == Retired(0)
    assert retiring("four", TABLES[:2], "ab") == Retired(1)
    assert fake.names("table", "deleted") == [f"{SCHEMA}.c"]


def test_where_the_last_run_did_not_clean_up_the_server_is_asked(
    retiring: Retiring, fake: FakeOpenMetadata
) -> None:
    retiring("one", TABLES, None)
    retiring("two", TABLES[:2], None)
    assert retiring("three", TABLES[:2], "ab") == Retired(1)
    assert fake.names("table", "deleted") == [f"{SCHEMA}.c"]


def test_where_much_is_gone_the_server_is_asked(retiring: Retiring, fake: FakeOpenMetadata) -> None:
    many = [table(f"t{number:03}") for number in range(120)]
    listed = [f"t{number:03}" for number in range(120)]
    retiring("one", many, listed)
    with opened(context_of(fake, run_id="another")) as other:
        write(other, table("unknown"))
    assert retiring("two", many[21:], listed[21:]) == Retired(22)
    assert fake.names("table") == [f"{SCHEMA}.{name}" for name in listed[21:]]
