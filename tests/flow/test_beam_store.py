"""What client libraries of object stores raise is an ``OSError`` with the place in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.flow import beam_store
from beam_ingest.flow.beam_store import BeamStore
from tests.flow.memory_files import OBJECTS, MemoryFileSystem


@pytest.fixture
def store() -> Iterator[BeamStore]:
    yield BeamStore("mem://bucket/run/")
    OBJECTS.clear()


def test_the_root_has_no_slash_at_its_end(store: BeamStore) -> None:
    store.write("a", b"one")
    assert OBJECTS == {"mem://bucket/run/a": b"one"}


def test_a_store_that_refuses_to_read_is_no_missing_file(store: BeamStore) -> None:
    OBJECTS["mem://bucket/run/unreadable"] = b"there"
    with pytest.raises(OSError, match="mem://bucket/run/unreadable: ClientError: 403 no permis"):
        store.read("unreadable")


def test_a_store_that_refuses_to_create_names_the_place(store: BeamStore) -> None:
    with pytest.raises(OSError, match="mem://bucket/run/denied: ClientError: 403"):
        store.create("denied")
    with pytest.raises(OSError, match="403"):
        store.write_new("denied", b"x")


def test_a_store_that_refuses_to_write_names_the_file(store: BeamStore) -> None:
    file = store.create("refused")
    with pytest.raises(OSError, match="refused: ClientError: 403"):
        file.write(b"x")


def test_an_upload_that_breaks_off_fails_the_write(store: BeamStore) -> None:
    with pytest.raises(OSError, match="broken: ClientError: 503"):
        store.write("broken", b"x")


def test_an_abandoned_upload_may_break_off(store: BeamStore) -> None:
    file = store.create("broken")
    file.abandon()
    with pytest.raises(OSError, match="closed file"):
        file.write(b"x")


class TestReadingMany:
    def test_gives_them_in_order_and_none_for_what_is_missing(self, store: BeamStore) -> None:
        for number in range(0, 300, 2):
            store.write(f"n{number}", b"%d" % number)
        found = list(store.read_all(f"n{number}" for number in range(300)))
        assert found == [b"%d" % n if n % 2 == 0 else None for n in range(300)]
        assert list(store.read_all([])) == []

    def test_has_many_requests_under_way(
        self, store: BeamStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        together, opens = threading.Barrier(beam_store._AT_ONCE), MemoryFileSystem.open

        def meet(system: MemoryFileSystem, path: str, *more: str) -> Any:
            if not path.endswith("/first"):
                together.wait(timeout=30)  # breaks where fewer than so many come
            return opens(system, path, *more)

        monkeypatch.setattr(MemoryFileSystem, "open", meet)
        names = ["first", *(f"n{number}" for number in range(2 * beam_store._AT_ONCE))]
        for name in names:
            store.write(name, name.encode())
        assert list(store.read_all(names)) == [name.encode() for name in names]

    def test_keeps_few_in_memory(self, store: BeamStore) -> None:
        asked: list[int] = []

        def names() -> Iterator[str]:
            for number in range(10_000):
                asked.append(number)
                yield "n"

        reading = store.read_all(names())
        assert [next(reading) for _ in range(3)] == [None] * 3
        assert len(asked) <= 3 + beam_store._AHEAD
        reading.close()  # type: ignore[attr-defined]

    def test_ends_with_the_first_that_cannot_be_read(self, store: BeamStore) -> None:
        OBJECTS["mem://bucket/run/unreadable"] = b"there"
        with pytest.raises(OSError, match="403 no permission to read"):
            list(store.read_all(["a", "b", "unreadable", "c"]))


def test_an_unknown_scheme_says_so() -> None:
    with pytest.raises(OSError, match="Unable to get filesystem from specified path"):
        BeamStore("nowhere://x").read("a")
