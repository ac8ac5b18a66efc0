"""OpenMetadata's ``sourcePythonClass``."""

from __future__ import annotations

import pytest

from tests.config import parts
from tests.config.conftest import Load, Problems, config_of

TEXT = """\
source:
  type: customDatabase
  serviceName: mine
  serviceConnection:
    config:
      type: CustomDatabase
      sourcePythonClass: {cls}
      {more}
  sourceConfig: {{config: {{type: DatabaseMetadata}}}}
sink: {{type: tests.config.parts.Out}}
"""


def test_it_names_a_class_and_its_configuration(loaded: Load) -> None:
    workflow = loaded(
        TEXT.format(cls="tests.config.parts.Db", more="connectionOptions: {port: '5432'}")
    )
    assert workflow.source.cls is parts.Db
    assert workflow.source.type == "tests.config.parts.Db"
    assert config_of(parts.Db.Config, workflow.source).port == 5432
    assert workflow.source.step == "tests.config.parts.Db"


def test_a_typo_in_the_options_has_its_line(problems: Problems) -> None:
    (problem,) = problems(
        TEXT.format(cls="tests.config.parts.Db", more="connectionOptions:\n        prot: 1")
    )
    assert problem.path == "source.serviceConnection.config.connectionOptions.prot"
    assert (problem.line, problem.hint) == (9, "did you mean 'port'?")


def test_a_class_that_is_not_there_is_named_where_it_is_written(problems: Problems) -> None:
    (problem,) = problems(TEXT.format(cls="tests.config.parts.Dbb", more=""))
    assert problem.path == "source.serviceConnection.config.sourcePythonClass"
    assert problem.line == 7


def test_the_class_is_needed(problems: Problems) -> None:
    (problem,) = problems(TEXT.format(cls="", more=""))
    assert problem.path == "source.serviceConnection.config.sourcePythonClass"


def test_keys_of_the_class_belong_into_its_options(problems: Problems) -> None:
    (problem,) = problems(TEXT.format(cls="tests.config.parts.Db", more="port: 5432"))
    assert problem.path == "source.serviceConnection.config.port"


@pytest.mark.parametrize("key", ["schemaFilterPattern", "tableFilterPattern"])
def test_filters_beside_the_class_are_refused_with_the_reason(problems: Problems, key: str) -> None:
    (problem,) = problems(
        TEXT.format(cls="tests.config.parts.Db", more=f"{key}: {{includes: [a]}}")
    )
    assert "filters by sourceConfig.config" in problem.message


def test_what_is_always_so_is_noticed(loaded: Load) -> None:
    workflow = loaded(
        TEXT.format(cls="tests.config.parts.Db", more="supportsMetadataExtraction: true")
    )
    assert [notice.partition(" ")[0] for notice in workflow.notices] == [
        "source.serviceConnection.config.supportsMetadataExtraction"
    ]
