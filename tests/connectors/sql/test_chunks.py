"""Fetching the next chunk while one is worked on."""

from __future__ import annotations

import threading

import pytest

from beam_ingest.connectors.sql.chunks import ahead, chunked
from beam_ingest.connectors.sql.listing import Names

NAMES: Names = {"a": ["1", "2", "3"], "b": ["4"]}


def test_chunks_keep_schemas_and_order() -> None:
    assert list(chunked(NAMES, 2, 2)) == [{"a": ["1", "2"]}, {"a": ["3"], "b": ["4"]}]
    assert list(chunked(NAMES, 10)) == [NAMES]
    assert list(chunked({})) == []


def test_the_first_of_several_chunks_is_small_since_nothing_is_done_while_it_comes() -> None:
    assert list(chunked(NAMES, 3, 1)) == [{"a": ["1"]}, {"a": ["2", "3"], "b": ["4"]}]
    assert list(chunked(NAMES, 4, 1)) == [NAMES]


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Names of which each is a chunk."""
    names = {"s": ["x", "y", "z"]}
    single = [{"s": [name]} for name in names["s"]]
    monkeypatch.setattr("beam_ingest.connectors.sql.chunks.chunked", lambda _: iter(single))
    return names


def test_the_next_chunk_is_fetched_while_one_is_worked_on(three: Names) -> None:
    fetched = {name: threading.Event() for name in "xyz"}

    def fetch(chunk: Names) -> str:
        (name,) = chunk["s"]
        fetched[name].set()
        return name

    results = ahead(fetch, three)
    assert next(results)[1] == "x"
    assert fetched["y"].wait(timeout=30)  # before it is asked for
    assert [result for _, result in results] == ["y", "z"]


def test_with_more_connections_more_chunks_are_fetched_at_once(three: Names) -> None:
    both = threading.Barrier(2)

    def fetch(chunk: Names) -> str:
        (name,) = chunk["s"]
        if name in "xy":
            both.wait(timeout=30)  # each while the other is under way
        return name

    assert [result for _, result in ahead(fetch, three, 2)] == ["x", "y", "z"]


def test_an_error_comes_where_its_chunk_would(three: Names) -> None:
    def fetch(chunk: Names) -> str:
        if chunk["s"] == ["y"]:
            raise OSError("gone")
        return chunk["s"][0]

    results = ahead(fetch, three)
    assert next(results)[1] == "x"
    with pytest.raises(OSError, match="gone"):
        next(results)


def test_a_reading_that_is_broken_off_leaves_no_thread(three: Names) -> None:
    results = ahead(lambda chunk: chunk["s"][0], three)
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("fetch-ahead")]


def test_nothing_is_nothing_and_one_chunk_takes_no_thread() -> None:
    assert list(ahead(lambda _: 1, {})) == []
    threads = threading.active_count()
    results = ahead(lambda _: threading.active_count(), NAMES)
    assert list(results) == [(NAMES, threads)]
