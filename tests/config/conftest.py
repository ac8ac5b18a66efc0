"""Workflows of these tests: written to a file, loaded, and their problems as lines of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.model import ComponentConfig, WorkflowConfig
from beam_ingest.config.problem import Problem

Load = Callable[..., WorkflowConfig]
Problems = Callable[..., list[Problem]]

C = TypeVar("C", bound=ConfigModel)


def config_of(cls: type[C], component: ComponentConfig | None) -> C:
    """The configuration of a component that is there, whose ``Config`` is ``cls``."""
    assert component is not None
    assert isinstance(component.config, cls)
    return component.config


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workflow.yaml"


@pytest.fixture
def loaded(file: Path) -> Load:
    """``loaded(yaml, *sets)``: the workflow, which has no problems."""

    def run(text: str, *sets: str) -> WorkflowConfig:
        file.write_text(text, encoding="utf-8")
        return load(file, sets=sets)

    return run


@pytest.fixture
def problems(file: Path) -> Problems:
    """``problems(yaml, *sets)``: all that is wrong with it."""

    def run(text: str, *sets: str) -> list[Problem]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(file, sets=sets)
        assert all(problem.file for problem in caught.value.problems)
        return list(caught.value.problems)

    return run
