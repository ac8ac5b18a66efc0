"""Pipeline options are checked before anything runs; each runner is told of its workers."""

from __future__ import annotations

from typing import Any

import pytest
from apache_beam.options.pipeline_options import DirectOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from beam_ingest.api.errors import CannotStart
from beam_ingest.runners.options import Engine, engine_for, job_name
from tests.runners.workflows import workflow


def engine(runner: str, workers: int = 1, run_dir: str = "run", **options: Any) -> Engine:
    block = {"runner": runner, "workers": workers, "options": options}
    return engine_for(workflow(beam=block), "20261125T213547Z-eb46", run_dir)


def test_the_local_runner_is_named_itself() -> None:
    made = engine("local")
    assert type(made.runner) is FnApiRunner
    assert isinstance(made.runner._default_environment, EmbeddedPythonEnvironment)
    assert made.options.view_as(DirectOptions).direct_num_workers == 1


def test_several_workers_are_processes_of_ours() -> None:
    made = engine("local", 3, "a folder/run")
    assert made.options.view_as(DirectOptions).direct_num_workers == 3
    command = made.runner._default_environment.command_string
    assert command.startswith("exec ")
    assert command.endswith("-m beam_ingest.runners.local_worker 'a folder/run'")


def test_other_runners_are_found_by_their_name() -> None:
    made = engine("PortableRunner", job_endpoint="embed", environment_type="LOOPBACK")
    assert made.runner == "PortableRunner"
    assert made.options.get_all_options()["environment_type"] == "LOOPBACK"
    assert made.options.view_as(StandardOptions).runner is None


@pytest.mark.parametrize(("ours", "beams"), [("flink", "FlinkRunner"), ("prism", "PrismRunner")])
def test_our_short_names_are_beams_runners(ours: str, beams: str) -> None:
    assert engine(ours).runner == engine(beams).runner == beams


def test_options_reach_the_pipeline_as_they_were_written() -> None:
    given: dict[str, Any] = {
        "direct_runner_bundle_repeat": 1, "streaming": True, "experiments": ["a", "b"],
    }  # fmt: skip
    found = engine("local", **given).options.get_all_options()
    assert {name: found[name] for name in given} == given


def test_a_job_can_be_found_again_by_the_name_of_its_run() -> None:
    options = engine("flink").options.get_all_options()
    assert options["job_name"] == "beam-ingest-20261125t213547z-eb46"
    assert engine("flink", job_name="mine").options.get_all_options()["job_name"] == "mine"
    assert job_name("Año_2026") == "beam-ingest-a-o-2026"


@pytest.mark.parametrize(
    ("written", "hint"),
    [("job_endpont", "did you mean 'job_endpoint'?"), ("qqqqqqqq", None)],
)
@pytest.mark.parametrize("runner", ["local", "flink"])
def test_an_option_that_beam_does_not_know_is_refused(
    runner: str, written: str, hint: str | None
) -> None:
    options: dict[str, Any] = {written: 1}
    with pytest.raises(CannotStart) as caught:
        engine(runner, **options)
    assert caught.value.message == f"beam.options: Beam has no pipeline option {written!r}"
    assert caught.value.hint == hint


def test_an_option_of_flink_is_none_of_the_local_runner() -> None:
    with pytest.raises(CannotStart, match="no pipeline option 'checkpointing_interval'"):
        engine("local", checkpointing_interval=1000)
