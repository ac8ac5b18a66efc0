"""What goes together in an unbounded run."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems

BOUNDED = """\
source: {type: tests.config.parts.Lines, config: {path: x}}
sink: {type: tests.config.parts.Out}
beam:
"""
STREAM = """\
source: {type: tests.flow.stream.parts.Scripted, config: {folder: x}}
sink: {type: tests.config.parts.Out}
beam:
"""


def test_windows_are_read(loaded: Load) -> None:
    config = loaded(
        f"{STREAM}  window: {{fixed: 2s}}\n  trigger: {{count: 5, bytes: 9, delay: 500ms}}\n"
        "  allowedLateness: 1m\n  late: deadLetter\n"
    )
    assert config.is_unbounded
    assert (config.beam.window.fixed, config.beam.allowed_lateness) == (2.0, 60.0)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "written",
    ["window: {fixed: 60s}", "trigger: {count: 5}", "allowedLateness: 1h", "late: publish"],
)
def test_a_source_that_ends_has_none(problems: Problems, written: str) -> None:
    (problem,) = problems(f"{BOUNDED}  {written}\n")
    assert problem.line == 4
    assert problem.message == "only an unbounded run has windows, and this source ends"


def test_the_shape_of_a_window_is_checked(problems: Problems) -> None:
    found = problems(f"{STREAM}  window: {{fixd: 60s}}\n")
    assert [problem.path for problem in found] == ["beam.window.fixd"]


def test_a_window_shorter_than_a_millisecond_is_none(problems: Problems) -> None:
    (problem,) = problems(f"{STREAM}  window: {{fixed: 0.0001}}\n")
    assert problem.path == "beam.window.fixed"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("workers: 2", "an unbounded run on this machine is one process"),
        ("runner: FnApiRunner", "FnApiRunner cannot run a source without end: it lets nothing"),
        ("runner: DirectRunner", "DirectRunner cannot run a source without end: it takes"),
        ("poll: 60s", "this source has no end, so it is not read again and again"),
        ("skipUnchanged: local", "an unbounded run has no end at which it could remember"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is(
    problems: Problems, written: str, said: str
) -> None:
    (problem,) = problems(f"{STREAM}  {written}\n")
    assert problem.line == 4
    assert problem.message.startswith(said)


def test_flink_takes_it(loaded: Load) -> None:
    assert loaded(f"{STREAM}  runner: flink\n  workers: 2\n").beam.workers == 2


def test_a_source_that_ends_may_be_polled(loaded: Load) -> None:
    assert loaded(f"{BOUNDED}  poll: 60s\n").beam.poll == 60.0
