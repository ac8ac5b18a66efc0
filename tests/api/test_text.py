"""Text from anywhere can be written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api.report import Failure, Report
from beam_ingest.api.text import sayable


@pytest.mark.parametrize(
    ("text", "said"), [("name", "name"), ("caf\udce9", "caf\\udce9"), ("naïve 🦆", "naïve 🦆")]
)
def test_what_utf_8_cannot_hold_is_escaped(text: str, said: str) -> None:
    assert sayable(text) == said


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "So"])))
def test_any_text_can_be_encoded_and_is_said_once(text: str) -> None:
    assert sayable(sayable(text)) == sayable(text)
    assert isinstance(sayable(text).encode(), bytes)


def test_a_report_can_be_written_whatever_names_it_holds() -> None:
    odd = "caf\udce9"
    failure = Failure(step=odd, reason=odd, count=1, examples=[odd], hint=odd)
    report = Report(
        run_id="r", run_dir=odd, status="failed", exit_code=1, sentence=odd, started_at="",
        ended_at="", failures=[failure], stopped=odd, warnings=[odd],
    )  # fmt: skip
    assert Report.model_validate_json(report.to_json()) == report
    assert report.failures[0].examples == ["caf\\udce9"]
