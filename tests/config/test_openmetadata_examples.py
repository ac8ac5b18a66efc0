"""OpenMetadata's own example workflows are read as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest.api.registry import Kind, types
from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.problem import Problem
from tests.servers.openmetadata_models import models

pytestmark = pytest.mark.slow  # the first time, it installs OpenMetadata's package


@pytest.fixture(scope="module")
def examples() -> list[Path]:
    return sorted(Path(models(())["examples"]).glob("*.yaml"))


def names_a_type(problem: Problem) -> bool:
    """Whether a problem is that of a type we do not have, and says so."""
    return problem.path.endswith(".type") and (
        "there is no" in problem.message or problem.message.startswith("expected '")
    )


def problems_of(file: Path, *sets: str) -> list[Problem]:
    try:
        load(file, sets=sets)
    except ConfigError as error:
        return list(error.problems)
    return []


def test_each_is_valid_or_lacks_nothing_but_types_that_we_do_not_have(
    examples: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GRAFANA_API_KEY", "OM_JWT_TOKEN"):
        monkeypatch.setenv(variable, "x")
    assert len(examples) > 100
    others = {
        file.name: [str(problem) for problem in found]
        for file in examples
        if (found := [each for each in problems_of(file) if not names_a_type(each)])
    }
    # Our `kafka` reads messages, theirs the topics' metadata: it is told apart by a key.
    messages = {name: others.pop(name) for name in ("kafka.yaml", "kafka_ssl_config.yaml")}
    for (problem,) in messages.values():
        assert "config.topics: the key 'topics' is missing" in problem
        assert "reads what topics there are, which this source does not" in problem
    assert others == {}


def test_those_that_read_metadata_from_our_sources_are_valid(examples: list[Path]) -> None:
    ours = [file for file in examples if reads_metadata(yaml.safe_load(file.read_text())["source"])]
    assert "sqlite.yaml" in {file.name for file in ours}
    # Whether there is the sink they name is not the question here.
    found = {file.name: problems_of(file, "sink={type: console}") for file in ours}
    assert found == {file.name: [] for file in ours}


def test_those_that_read_query_logs_with_our_sources_are_valid(examples: list[Path]) -> None:
    ours = {
        file.name: problems_of(file)
        for file in examples
        if yaml.safe_load(file.read_text())["source"]["type"] in QUERY_LOGS
    }
    assert ours == {
        name: []
        for name in ("postgres_lineage.yaml", "postgres_usage.yaml", "query_log_usage.yaml")
    }


QUERY_LOGS = {name for name in types(Kind.SOURCE) if name.endswith(("-usage", "-lineage"))}


def reads_metadata(source: dict[str, Any]) -> bool:
    """Whether a source is one of ours, and is to read a database's metadata."""
    is_metadata = source["sourceConfig"]["config"].get("type") == "DatabaseMetadata"
    return is_metadata and source["type"].lower() in types(Kind.SOURCE)
