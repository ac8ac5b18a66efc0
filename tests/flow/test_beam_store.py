"""What client libraries of object stores raise is an ``OSError`` with the place in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beam_ingest.flow.beam_store import BeamStore
from tests.flow.memory_files import OBJECTS


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


def test_an_unknown_scheme_says_so() -> None:
    with pytest.raises(OSError, match="Unable to get filesystem from specified path"):
        BeamStore("nowhere://x").read("a")
