"""Errors for the reader, which also travel between processes."""

from __future__ import annotations

import pickle

import pytest

from beam_ingest.api.errors import (
    Drop,
    FatalError,
    IngestError,
    MissingDependency,
    RecordError,
    RetireRefused,
    TransientError,
    UnknownComponent,
)


@pytest.mark.parametrize(
    "cls",
    [FatalError, IngestError, MissingDependency, RecordError, RetireRefused, UnknownComponent],
)
def test_an_error_survives_a_pickle(cls: type[IngestError]) -> None:
    error = pickle.loads(pickle.dumps(cls("what happened", hint="what to do")))
    assert type(error) is cls
    assert (error.message, error.hint) == ("what happened", "what to do")
    assert str(error) == "what happened (what to do)"
    assert error.args == ("what happened",)


def test_a_transient_error_keeps_when_to_try_again() -> None:
    error = pickle.loads(pickle.dumps(TransientError("busy", retry_after=2.5)))
    assert error.retry_after == 2.5
    assert str(error) == "busy"


def test_a_subclass_of_an_author_survives_a_pickle_too() -> None:
    error = pickle.loads(pickle.dumps(Limited(7)))
    assert (error.limit, str(error)) == (7, "limit 7")


class Limited(TransientError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"limit {limit}")
        self.limit = limit


def test_a_drop_is_no_error_of_ours() -> None:
    assert not issubclass(Drop, IngestError)
    assert Drop("too old").why == "too old"
    assert pickle.loads(pickle.dumps(Drop("too old"))).why == "too old"
