"""The console sink: JSON lines on standard output."""

from __future__ import annotations

import io
import json
import threading
from typing import TextIO

import pytest

from beam_ingest import Batch, Context, FatalError, Rejected, Written
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import Database
from beam_ingest.connectors.console.sink import ConsoleSink


class Recording(io.StringIO):
    """A stream that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str, /) -> int:
        self.writes.append(text)
        return len(text)


def console(stream: TextIO | None = None, *, pretty: bool = False) -> ConsoleSink:
    sink = ConsoleSink(ConsoleSink.Config(pretty=pretty), Context())
    sink.stream = stream
    sink.open()
    return sink


def test_a_batch_is_one_write_of_a_json_line_a_record() -> None:
    stream = Recording()
    database = Database(name="d", service="s")
    outcomes = console(stream).write(Batch([{"n": "é"}, database], "b"))
    assert stream.writes == ['{"n":"é"}\n' + encode(database).decode() + "\n"]
    assert outcomes == [Written(), Written()]


def test_pretty_is_several_lines_a_record() -> None:
    stream = Recording()
    console(stream, pretty=True).write(Batch([{"n": {"é": 1}}], "b"))
    assert stream.writes == ['{\n  "n": {\n    "é": 1\n  }\n}\n']


def test_without_a_stream_it_is_the_standard_output_of_the_moment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console().write(Batch([{"n": 1}], "b"))
    assert capsys.readouterr().out == '{"n":1}\n'


def test_a_record_that_json_cannot_hold_is_rejected_and_the_others_are_printed() -> None:
    stream = Recording()
    first, bad, last = console(stream).write(Batch([{"n": 1}, {"n": object()}, {"n": 2}], "b"))
    assert (first, last) == (Written(), Written())
    assert isinstance(bad, Rejected)
    assert "cannot be written as JSON" in bad.why
    assert stream.writes == ['{"n":1}\n{"n":2}\n']


def test_a_batch_of_nothing_printable_prints_nothing() -> None:
    stream = Recording()
    console(stream).write(Batch([{"n": object()}], "b"))
    assert stream.writes == []


def test_a_closed_pipe_stops_the_run() -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    with pytest.raises(FatalError, match="nothing reads standard output any more"):
        console(Closed()).write(Batch([{"n": 1}], "b"))


def test_an_encoding_that_cannot_show_the_text_says_what_to_set() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with pytest.raises(FatalError, match=r"cannot show 'é' in its encoding, ascii .*PYTHONIOENC"):
        console(stream).write(Batch([{"n": "é"}], "b"))


def test_threads_do_not_mix_their_lines() -> None:
    stream = io.StringIO()
    sink = console(stream)
    batches = [Batch([{"n": n, "i": i} for i in range(100)], str(n)) for n in range(8)]
    threads = [threading.Thread(target=sink.write, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    found = [rows[start : start + 100] for start in range(0, 800, 100)]
    assert sorted(found, key=lambda batch: batch[0]["n"]) == [batch.records for batch in batches]
