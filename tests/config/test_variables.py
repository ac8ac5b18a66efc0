"""``$NAME`` and ``${NAME}`` in a workflow."""

from __future__ import annotations

import pytest

from tests.config import parts
from tests.config.conftest import Load, Problems, config_of

TEXT = """\
source: {{type: tests.config.parts.Lines, config: {{path: x}}}}
processors:
  - type: tests.config.parts.Step
    config: {{pattern: {pattern}, names: [a, {pattern}]}}
sink: {{type: tests.config.parts.Out}}
"""


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        ("$PLACE", "Berne"),
        ("'${PLACE}'", "Berne"),
        ("'in-${PLACE}s'", "in-Bernes"),
        ("$PLACE$PLACE", "BerneBerne"),
        ("'^a$'", "^a$"),
        ("'^a$|^b$'", "^a$|^b$"),
        ("a$.b", "a$.b"),
        ("a$1", "a$1"),
        ("'a${1,2}'", "a${1,2}"),
        ("$$", "$$"),
        ("a$-b", "a$-b"),
    ],
)
def test_variables_expand_and_other_dollars_stay(
    loaded: Load, monkeypatch: pytest.MonkeyPatch, written: str, expanded: str
) -> None:
    monkeypatch.setenv("PLACE", "Berne")
    workflow = loaded(TEXT.format(pattern=written))
    config = config_of(parts.Step.Config, workflow.processors[0])
    assert config.pattern == expanded
    assert config.names == ["a", expanded]


def test_a_variable_may_hold_a_number(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("N", "7")
    monkeypatch.setenv("YES", "true")
    workflow = loaded(
        TEXT.format(pattern="x")
        + "beam: {workers: $N}\nworkflowConfig: {raiseOnError: $YES, successThreshold: $N}\n"
    )
    assert workflow.beam.workers == 7
    assert workflow.raise_on_error is True
    assert workflow.success_threshold == 7


def test_the_value_of_a_variable_is_not_expanded_again(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "$B")
    workflow = loaded(TEXT.format(pattern="$A"))
    assert config_of(parts.Step.Config, workflow.processors[0]).pattern == "$B"


def test_a_variable_may_name_a_type(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK", "tests.config.parts.Out")
    text = TEXT.format(pattern="x").replace("{type: tests.config.parts.Out}", "{type: $SINK}")
    sink = loaded(text).sink
    assert sink and sink.type == "tests.config.parts.Out"


def test_keys_are_never_expanded(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "sink")
    (problem,) = problems(TEXT.format(pattern="x") + "$KEY: 1\n")
    assert problem.message == "unknown key '$KEY'"


def test_an_unset_variable_is_named_once_where_it_stands(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_PASSWORD", "x")
    found = problems(
        TEXT.format(pattern="'${PG_PASSWORT} and $PG_PASSWORT'") + "beam: {workers: $NO_WORKERS}\n"
    )
    assert [(problem.line, problem.path, problem.message) for problem in found] == [
        (4, "processors.0.config.pattern", "the environment variable PG_PASSWORT is not set"),
        (4, "processors.0.config.names.1", "the environment variable PG_PASSWORT is not set"),
        (6, "beam.workers", "the environment variable NO_WORKERS is not set"),
    ]
    assert found[0].hint == "did you mean PG_PASSWORD?"


def test_a_default_value_as_in_a_shell_is_no_variable(problems: Problems) -> None:
    found = problems(TEXT.format(pattern="'${PLACE:-Berne}'"))
    assert found[0].message == "${PLACE:-Berne} names no variable"
    assert found[0].hint == "only ${NAME} and $NAME expand"


def test_a_message_shows_the_variable_and_not_what_it_holds(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK", "geheim")
    monkeypatch.setenv("PATTERN", "*geheim")
    found = problems(
        "source:\n  type: sqlite\n  serviceName: x\n  sourceConfig:\n"
        "    config: {tableFilterPattern: {includes: [a, $PATTERN]}}\nsink: {type: $SINK}\n"
    )
    assert [problem.message.partition(":")[0] for problem in found] == [
        "'$PATTERN' is not a regular expression", "there is no sink '$SINK'",
    ]  # fmt: skip
    assert "geheim" not in str(found)
