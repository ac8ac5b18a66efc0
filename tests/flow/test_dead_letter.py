"""Dead letters: every failed record has one, whatever it is made of, and can be read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest import FatalError, IngestError, TransientError
from beam_ingest.api.codec import decode
from beam_ingest.api.entities import Table
from beam_ingest.flow.dead_letter import REASON_BYTES, RECORD_BYTES, DeadLetter, reason_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)


def test_the_line_of_a_record() -> None:
    letter = DeadLetter.of("out", "the server said no", {"name": "t1", "n": 1}, attempts=6)
    assert letter.to_line("part/1") == (
        b'{"step":"out","reason":"the server said no","name":"t1","split":"part/1","attempts":6,'
        b'"record":{"name":"t1","n":1}}\n'
    )


def test_the_line_of_what_is_no_record() -> None:
    letter = DeadLetter.of_raw("src", "no JSON", "a.jsonl, line 3", b'{"name": \xff')
    assert (
        letter.to_line("a.jsonl")
        == (
            '{"step":"src","reason":"no JSON","name":"a.jsonl, line 3","split":"a.jsonl",'
            '"attempts":1,"raw":"{\\"name\\": \ufffd"}\n'
        ).encode()
    )


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
@settings(max_examples=40)
def test_a_record_is_read_back_as_it_failed(record: dict[str, Any]) -> None:
    line = DeadLetter.of("out", "no", record).to_line("part")
    assert line.count(b"\n") == 1
    letter = DeadLetter.from_line(line)
    assert (letter.step, letter.reason, letter.raw) == ("out", "no", None)
    assert letter.record is not None
    assert decode(letter.record) == record or letter.raw is not None


@given(st.text(), st.text(), st.binary())
def test_any_text_can_be_written(reason: str, name: str, raw: bytes) -> None:
    letter = DeadLetter.of_raw("src", reason, name, raw)
    again = DeadLetter.from_line(letter.to_line(name))
    assert again.raw == raw.decode("utf-8", "replace")


def test_lone_surrogates_are_escaped_where_utf_8_cannot_hold_them() -> None:
    letter = DeadLetter.of("out", "bad \udcff", {"name": "x\ud800"})
    assert letter.record is None
    value = json.loads(letter.to_line("s\udcff"))
    assert value["name"] == "x\\ud800"
    assert value["split"] == "s\\udcff"
    assert value["reason"].startswith("bad \\udcff; the record cannot be written as JSON")
    assert value["raw"] == "{'name': 'x\\ud800'}"


def test_a_record_that_json_cannot_hold_is_kept_as_text() -> None:
    letter = DeadLetter.of("out", "no", {"name": "a", "value": object})
    assert letter.record is None
    assert letter.raw == "{'name': 'a', 'value': <class 'object'>}"


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("I have no text")


def test_a_record_that_cannot_even_be_shown_is_counted() -> None:
    letter = DeadLetter.of("out", "no", {"name": "a", "value": Unspeakable()})
    assert letter.raw == "(a dict that cannot be shown: RuntimeError)"


def test_an_entity_is_kept_as_the_line_that_makes_it_again() -> None:
    table = Table(name="t", database_schema="s.d.x", columns=[])
    letter = DeadLetter.of("out", "no", table)
    assert letter.name == "s.d.x.t"
    assert letter.record is not None
    assert decode(letter.record) == table


@pytest.mark.parametrize("name", [None, 5])
def test_an_entity_without_a_name_that_can_be_read_still_becomes_a_dead_letter(name: Any) -> None:
    broken = Table.model_construct(name=name, database_schema="s.d.x", columns=[])
    letter = DeadLetter.of("out", "no", broken)
    assert letter.name == "(a Table without a name)"
    assert DeadLetter.from_line(letter.to_line("part")).step == "out"


def test_a_record_that_is_too_long_is_kept_in_part() -> None:
    letter = DeadLetter.of("out", "no", {"name": "a", "text": "ü" * RECORD_BYTES})
    assert letter.record is None
    assert letter.raw is not None
    assert letter.raw.startswith('{"name":"a","text":"üü')
    assert len(letter.raw.encode()) <= RECORD_BYTES + 3
    assert len(DeadLetter.of_raw("src", "no", "w", b"x" * 2 * RECORD_BYTES).raw or "") == (
        RECORD_BYTES
    )


def test_a_long_reason_is_cut() -> None:
    value = json.loads(DeadLetter.of("out", "x" * 10_000, {"name": "a"}).to_line("part"))
    assert len(value["reason"]) == REASON_BYTES
    assert value["reason"].endswith("…")


def test_a_long_name_is_cut() -> None:
    value = json.loads(DeadLetter.of("out", "no", {"name": "x" * 10_000}).to_line("part"))
    assert len(value["name"]) == REASON_BYTES


class TestALineOfAStage:
    def test_is_kept_with_its_name(self) -> None:
        letter = DeadLetter.of_line("bulk", "mapping error", b'{"id": 7, "x": 1.50}')
        assert (letter.name, letter.record) == ("7", b'{"id": 7, "x": 1.50}')

    def test_that_is_no_object_is_kept(self) -> None:
        letter = DeadLetter.of_line("bulk", "no", b"[1]")
        assert (letter.name, letter.record) == ("(a line that is no object)", b"[1]")

    def test_that_is_no_json_is_kept_as_text(self) -> None:
        letter = DeadLetter.of_line("bulk", "no", b"a;b;\xff")
        assert (letter.record, letter.raw) == (None, "a;b;\ufffd")

    def test_that_is_too_long_is_kept_in_part(self) -> None:
        line = b'{"name":"a","text":"' + b"x" * RECORD_BYTES + b'"}'
        letter = DeadLetter.of_line("bulk", "no", line)
        assert (letter.name, letter.record) == ("a", None)
        assert len(letter.raw or "") == RECORD_BYTES


class TestTheReasonOfAnError:
    def test_is_our_own_message_with_its_hint(self) -> None:
        assert reason_of(FatalError("wrong password", hint="check it")) == (
            "wrong password (check it)"
        )

    def test_names_the_type_of_others(self) -> None:
        assert reason_of(KeyError("columns")) == "KeyError: 'columns'"
        assert reason_of(RuntimeError()) == "RuntimeError"

    @pytest.mark.parametrize("cls", [IngestError, TransientError, FatalError])
    def test_is_never_empty(self, cls: type[IngestError]) -> None:
        assert reason_of(cls("")) == cls.__name__
        assert reason_of(cls(" \n")) == cls.__name__

    def test_survives_an_error_that_cannot_be_shown(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no text")

        assert reason_of(Mute()) == "Mute"
