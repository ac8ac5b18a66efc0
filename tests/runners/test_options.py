"""Pipeline options are checked before anything runs; the local runner is told of its workers."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import DirectOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from beam_ingest.api.errors import CannotStart
from beam_ingest.runners.options import runner_and_options


def test_the_local_runner_is_named_itself() -> None:
    runner, options = runner_and_options("local", 1, {}, "run")
    assert type(runner) is FnApiRunner
    assert isinstance(runner._default_environment, EmbeddedPythonEnvironment)
    assert options.view_as(DirectOptions).direct_num_workers == 1


def test_several_workers_are_processes_of_ours() -> None:
    runner, options = runner_and_options("local", 3, {}, "a folder/run")
    assert options.view_as(DirectOptions).direct_num_workers == 3
    command = runner._default_environment.command_string
    assert command.startswith("exec ")
    assert command.endswith("-m beam_ingest.runners.local_worker 'a folder/run'")


def test_other_runners_are_found_by_their_name() -> None:
    given = {"job_endpoint": "embed", "environment_type": "LOOPBACK"}
    runner, options = runner_and_options("PortableRunner", 1, given, "run")
    assert runner == "PortableRunner"
    assert options.get_all_options()["environment_type"] == "LOOPBACK"
    assert options.view_as(StandardOptions).runner is None


def test_options_reach_the_pipeline_as_they_were_written() -> None:
    given = {"direct_runner_bundle_repeat": 1, "streaming": True, "experiments": ["a", "b"]}
    _, options = runner_and_options("local", 1, given, "run")
    found = options.get_all_options()
    assert {name: found[name] for name in given} == given


@pytest.mark.parametrize(
    ("written", "hint"),
    [("job_endpont", "did you mean 'job_endpoint'?"), ("qqqqqqqq", None)],
)
def test_an_option_that_beam_does_not_know_is_refused(written: str, hint: str | None) -> None:
    with pytest.raises(CannotStart) as caught:
        runner_and_options("local", 1, {written: 1}, "run")
    assert caught.value.message == f"beam.options: Beam has no pipeline option {written!r}"
    assert caught.value.hint == hint
