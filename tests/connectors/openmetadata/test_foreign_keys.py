from __future__ import annotations

import pytest

from beam_ingest.api.entities import Table
from beam_ingest.api.outcomes import WRITTEN, Deferred, Rejected
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


def in_schema(*names: str) -> list[str]:
    return [f"{SCHEMA}.{name}" for name in names]


def sent(fake: FakeOpenMetadata) -> dict[str, int]:
    return {
        name.rpartition(".")[2]: count
        for name, count in fake.counted.sent.items()
        if name.startswith(f"{SCHEMA}.")
    }


def test_a_table_whose_targets_are_there_goes_at_once(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("a"))
        assert write(sink, table("b", *in_schema("a"))) == [WRITTEN]
    assert keys_of(fake, "b") == [f"{SCHEMA}.a.id"]


def test_a_chain_arrives_whole_and_each_table_is_sent_once(fake: FakeOpenMetadata) -> None:
    chain = [table("t0"), *(table(f"t{n}", *in_schema(f"t{n - 1}")) for n in range(1, 6))]
    with opened(context_of(fake)) as sink:
        assert write_with_waves(sink, [*parents(), *reversed(chain)]) == [WRITTEN] * 9
    assert set(sent(fake).values()) == {1}
    assert all(keys_of(fake, f"t{n}") == [f"{SCHEMA}.t{n - 1}.id"] for n in range(1, 6))


def test_a_long_chain_takes_few_requests(fake: FakeOpenMetadata) -> None:
    length = 400
    chain = [table("t0"), *(table(f"t{n}", *in_schema(f"t{n - 1}")) for n in range(1, length))]
    with opened(context_of(fake)) as sink:
        outcomes = write_with_waves(sink, [*parents(), *reversed(chain)])
    assert outcomes == [WRITTEN] * (3 + length)
    assert set(sent(fake).values()) == {1, 2}
    assert all(keys_of(fake, f"t{n}") == [f"{SCHEMA}.t{n - 1}.id"] for n in range(1, length))
    assert fake.counted.count("PUT", "/v1/tables/bulk") < 50


def test_cycles_arrive_whole_and_only_they_are_sent_twice(fake: FakeOpenMetadata) -> None:
    tables = [
        table("a", *in_schema("b")),
        table("b", *in_schema("a", "z")),
        table("self", *in_schema("self")),
        table("behind", *in_schema("a", "self")),
        table("z"),
    ]
    with opened(context_of(fake)) as sink:
        assert write_with_waves(sink, [*parents(), *tables]) == [WRITTEN] * 8
    assert sent(fake) == {"a": 2, "b": 2, "self": 2, "behind": 1, "z": 1}
    assert keys_of(fake, "b") == [f"{SCHEMA}.a.id", f"{SCHEMA}.z.id"]
    assert keys_of(fake, "self") == [f"{SCHEMA}.self.id"]
    assert keys_of(fake, "behind") == [f"{SCHEMA}.a.id", f"{SCHEMA}.self.id"]


def test_a_key_to_a_table_that_is_nowhere_costs_the_key_not_the_table(
    fake: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    lonely = table("lonely", *in_schema("there", "nowhere"))
    with opened(context_of(fake)) as sink:
        assert write_with_waves(sink, [*parents(), table("there"), lonely]) == [WRITTEN] * 5
    assert keys_of(fake, "lonely") == [f"{SCHEMA}.there.id"]
    assert f"without its foreign keys to {SCHEMA}.nowhere" in caplog.text
    # so that the next run sends it again, and the key is put in when the target has come
    assert fake.entity("table", lonely.fqn)["sourceHash"] != lonely.source_hash


def test_a_target_in_a_later_batch_of_the_same_wave_is_not_forgotten(
    fake: FakeOpenMetadata,
) -> None:
    early, late = table("early", *in_schema("late")), table("late", *in_schema("early"))
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        assert [type(o) for o in write(sink, early, late)] == [Deferred, Deferred]
        assert write(sink, early, wave=1) == [WRITTEN]
        assert keys_of(fake, "early") == []
        assert write(sink, late, wave=1) == [WRITTEN]
    assert keys_of(fake, "late") == [f"{SCHEMA}.early.id"]
    assert keys_of(fake, "early") == [f"{SCHEMA}.late.id"]


def test_targets_that_another_worker_wrote_are_found_by_one_list(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake, run_id="one")) as other:
        write(other, *parents(), *(table(f"t{n}") for n in range(5)))
    tables = [table(f"u{n}", *in_schema(f"t{n}")) for n in range(5)]
    with opened(context_of(fake, run_id="two")) as sink:
        before = len(fake.counted.requests)
        assert write_with_waves(sink, tables) == [WRITTEN] * 5
        asked = [(seen.method, seen.path) for seen in fake.counted.requests[before:]]
    assert asked == [
        ("GET", "/v1/tables"), ("GET", "/v1/system/version"), ("PUT", "/v1/tables/bulk"),
    ]  # fmt: skip
    assert keys_of(fake, "u4") == [f"{SCHEMA}.t4.id"]


def test_a_refused_member_of_a_cycle_takes_only_keys_with_it(fake: FakeOpenMetadata) -> None:
    bad = table("bad::name", *in_schema("good"))
    good = table("good", f"{SCHEMA}.bad::name")
    with opened(context_of(fake)) as sink:
        outcomes = write_with_waves(sink, [*parents(), bad, good])
    assert isinstance(outcomes[3], Rejected)
    assert outcomes[4] == WRITTEN
    assert keys_of(fake, "good") == []


def test_a_target_that_was_removed_meanwhile_is_waited_for(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("a"))
        fake.store.delete("table", fake.entity("table", f"{SCHEMA}.a"), hard=True, recursive=True)
        (outcome,) = write(sink, table("b", *in_schema("a")))
        assert outcome == Deferred(f"Table not found: {SCHEMA}.a")
        assert write(sink, table("b", *in_schema("a")), wave=1) == [WRITTEN]
    assert keys_of(fake, "b") == []


def test_a_rerun_over_a_full_server_keeps_all_keys(fake: FakeOpenMetadata) -> None:
    tables: list[Table] = [
        table("a", *in_schema("b")), table("b", *in_schema("a")), table("c", *in_schema("a")),
    ]  # fmt: skip
    for run in ("one", "two"):
        with opened(context_of(fake, run_id=run)) as sink:
            write_with_waves(sink, [*parents(), *tables])
    assert keys_of(fake, "a") == [f"{SCHEMA}.b.id"]
    assert keys_of(fake, "c") == [f"{SCHEMA}.a.id"]


def test_keys_within_a_batch_need_no_wave_while_they_are_worth_a_request(
    fake: FakeOpenMetadata,
) -> None:
    firsts = [table(f"t{n}") for n in range(40)]
    seconds = [table(f"u{n}", *in_schema(f"t{n}")) for n in range(40)]
    third = table("third", *in_schema("u1"))
    with opened(context_of(fake)) as sink:
        outcomes = write(sink, *parents(), third, *seconds, *firsts)
        assert outcomes[3] == Deferred("it is written with more of its kind")
        assert outcomes[4:] == [WRITTEN] * 80
        assert write(sink, third, wave=1) == [WRITTEN]
    assert set(sent(fake).values()) == {1}


def test_requests_that_would_not_wait_are_made_smaller(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        write(sink, *(table(f"t{n}") for n in range(120)))
    sizes = [seen.rows for seen in fake.counted.requests if seen.path == "/v1/tables/bulk"]
    assert sizes == [30] * 4
