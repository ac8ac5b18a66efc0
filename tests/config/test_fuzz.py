"""Whatever is in a file: a workflow or a ``ConfigError``, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.model import WorkflowConfig

RIGHT = """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  serviceConnection:
    config: {type: Db, hostPort: x, authType: {password: p}, connectionOptions: {a: b}}
  sourceConfig:
    config: {type: DatabaseMetadata, tableFilterPattern: {includes: ["^a$"]}}
processors:
  - {type: tests.config.parts.Step, config: {pattern: x, limit: 5, names: [a, b]}}
sink: {type: tests.config.parts.Out, config: {path: y, token: "${HOME}"}}
workflowConfig:
  successThreshold: 90
  openMetadataServerConfig: {hostPort: "http://x", securityConfig: {jwtToken: t}}
beam: {workers: 2, options: {a: [1, {b: c}]}, stallTimeout: 5m}
"""

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["$HOME", "${NO_SUCH}", "file:/x", "vault:1", "${a:-b}", ".", "..x", "a.b"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def check(source: Any, sets: tuple[str, ...] = ()) -> None:
    try:
        assert isinstance(load(source, sets=sets), WorkflowConfig)
    except ConfigError as error:
        assert error.problems
        assert all(problem.message for problem in error.problems)
        assert str(error)


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes(folder: Path, content: bytes) -> None:
    file = folder / "any.yaml"
    file.write_bytes(content)
    check(file)


@settings(max_examples=150)
@given(st.text(alphabet="abc:-[]{}&*!|>'\"%@`#?,<~ \n\t$0.1_", max_size=60))
def test_any_text_of_yamls_own_characters(folder: Path, text: str) -> None:
    for name in ("any.yaml", "any.json"):
        file = folder / name
        file.write_text(text)
        check(file)


@settings(max_examples=150)
@given(st.integers(0, len(RIGHT)), st.integers(0, 12), st.text(max_size=8))
def test_a_workflow_that_was_damaged(folder: Path, start: int, length: int, put: str) -> None:
    file = folder / "damaged.yaml"
    damaged = RIGHT[:start] + put + RIGHT[start + length :]
    file.write_bytes(damaged.encode(errors="replace"))
    check(file)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path]
    for key, item in inner:
        if isinstance(item, (dict, list)):
            found += places(item, (*path, key))
        else:
            found.append((*path, key))
    return found


PLACES = places(yaml.safe_load(RIGHT))[1:]


@settings(max_examples=200)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_in_any_place(place: tuple[Any, ...], value: Any) -> None:
    document = yaml.safe_load(RIGHT)
    container = document
    for key in place[:-1]:
        container = container[key]
    container[place[-1]] = value
    check(document)


@settings(max_examples=150)
@given(st.lists(st.text(alphabet='abeksour.ci0="[{:$ \ud800', max_size=20), max_size=3))
def test_any_override(sets: list[str]) -> None:
    check(yaml.safe_load(RIGHT), tuple(sets))


def test_the_workflow_that_is_damaged_is_right_before() -> None:
    assert load(yaml.safe_load(RIGHT)).service_name == "shop"
