"""The contract of all stores, on this machine and through a file system of Beam's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_ingest.flow.store import Store, store_of
from tests.flow.memory_files import OBJECTS


@pytest.fixture(params=["local", "mem"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield store_of(str(tmp_path / "run") if request.param == "local" else "mem://bucket/run")
    OBJECTS.clear()


def test_what_was_written_is_read_back(store: Store) -> None:
    store.write("marks/a.json", b"one")
    assert store.read("marks/a.json") == b"one"
    with store.open("marks/a.json") as file:
        assert file.read() == b"one"


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.read("marks/a.json") is None
    store.write("marks/a.json", b"one")
    assert store.read("marks/b.json") is None


def test_a_second_write_replaces_the_first_as_a_whole(store: Store) -> None:
    store.write("a", b"a long first version")
    store.write("a", b"short")
    assert store.read("a") == b"short"


def test_of_two_first_writes_the_first_stays(store: Store) -> None:
    assert store.write_new("tokens/a", b"one") is True
    assert store.write_new("tokens/a", b"two") is False
    assert store.read("tokens/a") == b"one"
    assert store.names("tokens") == ["a"]


def test_a_file_is_there_when_it_is_finished_and_not_before(store: Store) -> None:
    file = store.create("staged/out/a.jsonl")
    file.write(b"one\n")
    file.write(b"two\n")
    assert (file.name, file.size) == ("staged/out/a.jsonl", 8)
    assert store.read("staged/out/a.jsonl") is None
    assert store.names("staged/out") == []
    file.finish()
    assert store.read("staged/out/a.jsonl") == b"one\ntwo\n"


def test_a_file_may_be_finished_in_another_thread(store: Store) -> None:
    file = store.create("a")
    file.write(b"one")
    thread = threading.Thread(target=file.finish)
    thread.start()
    thread.join()
    assert store.read("a") == b"one"


def test_two_may_write_the_same_name_at_once(store: Store) -> None:
    zombie, alive = store.create("a"), store.create("a")
    zombie.write(b"half of what ")
    alive.write(b"all of what it has")
    alive.finish()
    assert store.read("a") == b"all of what it has"
    zombie.write(b"was to be written")
    assert store.read("a") == b"all of what it has"
    zombie.finish()
    assert store.read("a") == b"half of what was to be written"


def test_a_file_may_be_abandoned_twice(store: Store) -> None:
    file = store.create("a")
    file.write(b"one")
    file.abandon()
    file.abandon()
    with pytest.raises((ValueError, OSError), match="closed file"):
        file.write(b"two")


def test_names_are_sorted_and_relative(store: Store) -> None:
    for name in ("b", "a", "c"):
        store.write(f"heartbeats/{name}.json", b"")
    assert store.names("heartbeats") == ["a.json", "b.json", "c.json"]
    assert store.names("nothing") == []


def test_removing_takes_what_is_there(store: Store) -> None:
    store.write("a", b"")
    store.write("b", b"")
    store.remove(["a", "never"])
    store.remove([])
    assert (store.read("a"), store.read("b")) == (None, b"")


def test_a_sweep_leaves_what_is_to_be_kept_and_other_folders(store: Store) -> None:
    for name in ("staged/out/a", "staged/out/b", "staged/more/c", "stagedelse/d"):
        store.write(name, b"x")
    store.sweep("staged", frozenset({"staged/out/b"}))
    left = [name for name in ("a", "b") if store.read(f"staged/out/{name}") is not None]
    assert left == ["b"]
    assert store.read("staged/more/c") is None
    assert store.read("stagedelse/d") == b"x"
    store.sweep("nothing", frozenset())


def test_a_path_is_below_the_root(store: Store) -> None:
    assert store.path("marks/a.json") == f"{store.root}/marks/a.json"


def test_a_missing_file_cannot_be_streamed(store: Store) -> None:
    with pytest.raises(Exception, match=r"No such file|404"), store.open("staged/a") as file:
        file.read()
