"""The ``beam:`` block."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from beam_ingest.config.beam_block import BeamBlock
from tests.config.conftest import Load, Problems

TEXT = """\
source: {type: tests.config.parts.Lines, config: {path: x}}
sink: {type: tests.config.parts.Out}
beam:
"""


def test_every_key_has_a_description_and_a_default() -> None:
    for name, field in BeamBlock.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("600", 600.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("500ms", 0.5),
        ("'2.5 m'", 150),
    ],
)
def test_durations_are_written_as_people_write_them(
    loaded: Load, written: str, seconds: float
) -> None:
    assert loaded(f"{TEXT}  stallTimeout: {written}\n").beam.stall_timeout == seconds


@pytest.mark.parametrize("written", ["soon", "5 weeks", "-5s", "0", "[5s]", "1:30", ".inf", ".nan"])
def test_what_is_no_duration_is_a_problem(problems: Problems, written: str) -> None:
    (problem,) = problems(f"{TEXT}  stallTimeout: {written}\n")
    assert (problem.line, problem.path) == (4, "beam.stallTimeout")


@pytest.mark.parametrize(
    "runner",
    ["local", "flink", "dataflow", "prism", "PortableRunner", "FnApiRunner", "mine.Runner"],
)
def test_any_beam_runner_may_be_named(loaded: Load, runner: str) -> None:
    google = "{project: p, region: r, temp_location: gs://bucket/t}"
    told = f"  runner: {runner}\n  workDir: gs://b/runs\n  options: {google}\n"
    assert loaded(TEXT + told).beam.runner == runner


def test_a_misspelt_runner_is_answered_with_the_nearest(problems: Problems) -> None:
    (problem,) = problems(f"{TEXT}  runner: flnk\n")
    assert problem.message == "there is no such runner; did you mean 'flink'?"


@pytest.mark.parametrize("written", ["'off'", "off", "false"])
def test_off_is_off_also_where_yaml_reads_a_boolean(loaded: Load, written: str) -> None:
    assert loaded(f"{TEXT}  skipUnchanged: {written}\n").beam.skip_unchanged == "off"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("workers", 0), ("workers", 10_001), ("batchSize", 0), ("batchSize", 10_001),
        ("concurrency", 0), ("maxConnections", 0), ("maxFailures", 0), ("workDir", ""),
        ("retire", {"maxShare": 1.1}), ("retire", {"floor": -1}), ("skipUnchanged", True),
        ("options", []), ("stallTimeout", 0),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        BeamBlock.model_validate({key: value})


def test_more_workers_than_connections_are_refused() -> None:
    assert BeamBlock.model_validate({"workers": 2, "maxConnections": 2}).workers == 2
    with pytest.raises(ValidationError, match=r"allows 1 over the whole run: write workers: 1"):
        BeamBlock.model_validate({"workers": 2, "maxConnections": 1})
