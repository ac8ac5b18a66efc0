"""``--set a.b=c``."""

from __future__ import annotations

import pytest

from tests.config import parts
from tests.config.conftest import Load, Problems, config_of

TEXT = """\
source: {type: tests.config.parts.Lines, config: {path: x}}
processors:
  - {type: tests.config.parts.Step, config: {pattern: a}}
sink: {type: tests.config.parts.Out, config: {path: y}}
"""


def test_a_value_replaces_what_is_written(loaded: Load) -> None:
    workflow = loaded(TEXT, "sink.config.path=z", "sink.config.path=last")
    assert config_of(parts.Out.Config, workflow.sink).path == "last"
    assert workflow.document["sink"]["config"] == {"path": "last"}


def test_what_is_not_there_is_made(loaded: Load) -> None:
    workflow = loaded(TEXT, "beam.retire.maxShare=0.5", "source.serviceName=shop")
    assert workflow.beam.retire.max_share == 0.5
    assert workflow.service_name == "shop"


def test_values_are_yaml(loaded: Load) -> None:
    workflow = loaded(TEXT, "processors.0.config.names=[a, '5']", "beam.workers=2", "sink.name='7'")
    assert config_of(parts.Step.Config, workflow.processors[0]).names == ["a", "5"]
    assert workflow.beam.workers == 2
    assert workflow.sink and workflow.sink.step == "7"


def test_an_empty_value_means_the_default(loaded: Load) -> None:
    assert config_of(parts.Out.Config, loaded(TEXT, "sink.config.path=").sink).path == "out"


def test_a_value_may_hold_an_equals_sign(loaded: Load) -> None:
    assert config_of(parts.Out.Config, loaded(TEXT, "sink.config.path=a=b").sink).path == "a=b"


def test_an_item_of_a_list_is_changed_by_its_number(loaded: Load) -> None:
    workflow = loaded(TEXT, "processors.0.config.pattern=b")
    assert [config_of(parts.Step.Config, each).pattern for each in workflow.processors] == ["b"]


def test_the_number_after_the_last_item_appends(loaded: Load) -> None:
    workflow = loaded(TEXT, "processors.1.type=tests.config.parts.Step")
    assert len(workflow.processors) == 2


def test_a_list_that_is_not_there_is_begun(loaded: Load) -> None:
    workflow = loaded(TEXT, "processors=", "processors.0.type=tests.config.parts.Step")
    assert [config_of(parts.Step.Config, each).pattern for each in workflow.processors] == [""]


def test_a_part_that_holds_a_dot_is_quoted(loaded: Load) -> None:
    assert loaded(TEXT, 'beam.options."a.b"=1').beam.options == {"a.b": 1}


def test_a_whole_workflow_may_be_set(loaded: Load) -> None:
    sets = ["source={type: tests.config.parts.Endless}", "sink={type: tests.config.parts.Out}"]
    assert config_of(parts.Out.Config, loaded("", *sets).sink).path == "out"


def test_variables_expand_in_them(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "Berne")
    assert config_of(parts.Out.Config, loaded(TEXT, "sink.config.path=$PLACE").sink).path == "Berne"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sink.config.path", "this is no a.b=value"),
        ("=5", "this is no a.b=value"),
        ("sink..path=5", "this is no a.b=value"),
        ('sink."path=5', "a quote is not closed in"),
        ("processors.2.type=x", "processors is a list of 1 and has no item '2'"),
        ("processors.first.type=x", "processors is a list of 1 and has no item 'first'"),
        ("sink.type.x=5", "sink.type is no mapping, so it has no key 'x'"),
        ("sink.type=[", "not valid YAML: did not find expected node content"),
    ],
)
def test_what_does_not_fit_is_a_problem(problems: Problems, text: str, message: str) -> None:
    (problem,) = problems(TEXT, text)
    assert problem.message.startswith(message)
    assert (problem.file or "").startswith("--set")


def test_a_problem_of_a_value_names_the_option(problems: Problems) -> None:
    (problem,) = problems(TEXT, "beam.workers=0")
    assert (problem.file, problem.line) == ("--set beam.workers", None)
    assert str(problem) == "--set beam.workers: beam.workers: expected 1 or more"


def test_all_overrides_are_checked_at_once(problems: Problems) -> None:
    assert len(problems(TEXT, "beam.workers=0", "nonsense", "sink.pth=1")) == 3
