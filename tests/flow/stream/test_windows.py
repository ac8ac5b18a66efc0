"""Windows, triggers, lateness and quiet windows: Beam's engine and ours, held to one script.

Beam's runs it as a TestStream, ours with a clock that the script moves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing import test_stream
from apache_beam.transforms.window import TimestampedValue

from beam_ingest import Split
from beam_ingest.flow.stream.build import gathered
from beam_ingest.flow.stream.gather import GatherFn
from beam_ingest.flow.stream.local import LocalStream
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.read import Cursor, Partition
from beam_ingest.flow.stream.windows import Pane, Windows

Step = tuple[Any, ...]
"""("put", partition, start, numbers), ("watermark", seconds), ("wait", seconds)."""
Panes = list[tuple[str, int, list[int]]]


def encoded(numbers: list[int]) -> bytes:
    lines = [b"{}" for _ in numbers]
    return Parcel(numbers[0], numbers[-1] + 1, None, [], numbers, lines).to_bytes()


def by_beam(steps: list[Step], windows: Windows, folder: Path) -> Panes:
    stream = test_stream.TestStream().advance_watermark_to(-1)
    for kind, *values in steps:
        if kind == "put":
            partition, start, numbers = values
            element = TimestampedValue((partition, encoded(numbers)), start / 1000)
            stream = stream.add_elements([element])
        elif kind == "watermark":
            stream = stream.advance_watermark_to(values[0])
        else:
            stream = stream.advance_processing_time(values[0])
    stream = stream.advance_watermark_to_infinity()
    told = folder / "panes.jsonl"
    told.touch()
    options = PipelineOptions.from_dictionary({"streaming": True})
    with beam.Pipeline("BundleBasedDirectRunner", options) as pipeline:
        panes = gathered(pipeline | stream, windows, GatherFn(windows, _at_no_time))
        _ = panes | beam.Map(_tell, str(told))
    return [(p, s, n) for p, s, n in map(json.loads, told.read_text().splitlines())]


def _at_no_time() -> float:
    return 0.0  # a TestStream's clock begins there


def _tell(pane: Pane, told: str) -> None:
    with Path(told).open("a") as file:
        file.write(json.dumps(shown(pane)) + "\n")


def by_loop(steps: list[Step], windows: Windows, _: Path) -> Panes:
    partitions = [Partition(key, Split(key), Cursor(None)) for key in "ab"]
    panes: Panes = []
    now, mark = 0.0, -1000
    stream = LocalStream(partitions, windows, lambda pane: panes.append(shown(pane)), lambda: now)

    def move(ended: bool = False) -> None:
        for partition in partitions:
            stream.add(partition.id, {}, Cursor(None, 0, mark, ended))
        stream.advance()

    for kind, *values in steps:
        if kind == "put":
            partition, start, numbers = values
            parcel = Parcel.from_bytes(encoded(numbers))
            stream.add(partition, {start: parcel}, Cursor(None, 0, mark))
            stream.advance()
        elif kind == "watermark":
            mark = int(values[0] * 1000)
            move()
        else:
            now += values[0]
            stream.advance()
    move(ended=True)
    return panes


def shown(pane: Pane) -> tuple[str, int, list[int]]:
    numbers = [n for data in pane.parcels for n in Parcel.from_bytes(data).numbers]
    return pane.partition, pane.start, numbers


Engine = Callable[[list[Step], Windows, Path], Panes]


@pytest.fixture(params=[by_beam, by_loop])
def panes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    yield lambda windows, *steps: request.param(list(steps), windows, tmp_path)


PLAIN = Windows(size=2000, lateness=3000)


def test_a_window_is_published_when_event_time_has_passed_it(panes: Any) -> None:
    found = panes(
        PLAIN, ("put", "a", 0, [0, 1]), ("put", "a", 2000, [2]), ("put", "a", 0, [3]),
        ("watermark", 1.9), ("watermark", 2.0), ("put", "a", 2000, [4]), ("watermark", 4),
    )  # fmt: skip
    assert found == [("a", 0, [0, 1, 3]), ("a", 2000, [2, 4])]


def test_partitions_have_panes_of_their_own(panes: Any) -> None:
    found = panes(PLAIN, ("put", "a", 0, [0]), ("put", "b", 0, [0]), ("watermark", 2))
    assert sorted(found) == [("a", 0, [0]), ("b", 0, [0])]


def test_a_quiet_window_closes_and_an_empty_one_is_nothing(panes: Any) -> None:
    found = panes(PLAIN, ("put", "a", 0, [0]), ("watermark", 60), ("watermark", 120))
    assert found == [("a", 0, [0])]


def test_a_late_message_is_a_pane_of_its_own(panes: Any) -> None:
    found = panes(
        PLAIN, ("put", "a", 0, [0]), ("watermark", 3), ("put", "a", 0, [1]), ("watermark", 4),
    )  # fmt: skip
    assert found == [("a", 0, [0]), ("a", 0, [1])]


def test_a_pane_is_published_after_so_many_messages(panes: Any) -> None:
    found = panes(
        Windows(size=2000, count=3), ("put", "a", 0, [0, 1]), ("put", "a", 0, [2, 3]),
        ("put", "a", 0, [4]), ("put", "b", 0, [0]), ("watermark", 2),
    )  # fmt: skip
    assert found[0] == ("a", 0, [0, 1, 2, 3])
    assert sorted(found[1:]) == [("a", 0, [4]), ("b", 0, [0])]


def test_a_pane_is_published_after_so_many_bytes(panes: Any) -> None:
    size = len(encoded([0])) + 1
    found = panes(
        Windows(size=2000, bytes=size), ("put", "a", 0, [0]), ("put", "a", 0, [1]),
        ("put", "a", 0, [2]), ("watermark", 2),
    )  # fmt: skip
    assert found == [("a", 0, [0, 1]), ("a", 0, [2])]


def test_a_pane_is_published_after_its_first_message_has_waited(panes: Any) -> None:
    found = panes(
        Windows(size=60_000, delay=5000), ("put", "a", 0, [0]), ("wait", 4), ("put", "a", 0, [1]),
        ("wait", 1.5), ("put", "a", 0, [2]), ("watermark", 60),
    )  # fmt: skip
    assert found == [("a", 0, [0, 1]), ("a", 0, [2])]


def test_what_is_open_at_the_end_is_published(panes: Any) -> None:
    assert panes(PLAIN, ("put", "a", 0, [0])) == [("a", 0, [0])]
