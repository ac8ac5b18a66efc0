"""The coder of batches: round trips, and sizes without walking."""

from __future__ import annotations

import importlib
from typing import Any

import apache_beam as beam

from beam_ingest.api.entities import Table
from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.coder import SplitBatchCoder
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.run_dir import split_ref


def full_batch() -> SplitBatch:
    table = Table(name="t", database_schema="s.d.x", columns=[])
    made = SplitBatch(split_ref("part", 3, {"n": 1}, 2), 4, [{"name": "a"}, table], size=900)
    made.ledger.reason("src", "no", "a")
    made.dead.append(DeadLetter.of("src", "no", {"name": "b"}))
    made.last, made.error, made.settled = True, "it broke", True
    return made


def test_a_batch_arrives_as_it_was_sent() -> None:
    sent = full_batch()
    came = SplitBatchCoder().decode(SplitBatchCoder().encode(sent))
    assert came.ledger.to_json() == sent.ledger.to_json()
    came.ledger = sent.ledger
    assert came == sent


class Walked(dict[str, Any]):
    def _no(self, *_: object) -> Any:
        raise AssertionError("the records were walked")

    __iter__ = items = values = keys = __getitem__ = __len__ = _no


def test_a_size_is_known_without_walking_the_records() -> None:
    assert SplitBatchCoder().estimate_size(SplitBatch(split_ref("a", 1, {}), 0, [Walked()])) == 64
    assert SplitBatchCoder().estimate_size(full_batch()) == 964


def test_beam_codes_batches_with_it_and_never_as_keys() -> None:
    importlib.import_module("beam_ingest.flow.build")  # registers it
    coder = beam.coders.registry.get_coder(SplitBatch)
    assert isinstance(coder, SplitBatchCoder)
    assert not coder.is_deterministic()
    assert coder.to_type_hint() is SplitBatch
