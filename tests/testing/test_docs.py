"""docs/testing.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from beam_ingest import testing
from beam_ingest.testing.faults import Fault, wrappers
from beam_ingest.testing.inputs import declared

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
SUITES = [getattr(testing, name) for name in testing.__all__]


def test_every_check_is_in_the_documentation_and_no_other() -> None:
    checks = {name for suite in SUITES for name in dir(suite) if name.startswith("test_")}
    assert set(re.findall(r"`(test_\w+)`", TEXT)) == checks


def test_every_input_is_in_the_documentation() -> None:
    inputs = {name for suite in SUITES for name in declared(suite)}
    assert {name for name in inputs if f"`{name}" not in TEXT} == set()


def test_every_suite_is_in_the_documentation() -> None:
    assert {name for name in testing.__all__ if f"`{name}`" not in TEXT} == set()


def test_every_key_of_a_fault_and_every_wrapper_is_in_the_documentation() -> None:
    keys = {field.alias or name for name, field in Fault.model_fields.items()}
    assert {key for key in keys if not re.search(rf"`{key}\b", TEXT)} == set()
    for wrapper in wrappers.WRAPPERS:
        assert f"`{wrapper.__name__}`" in TEXT
        for method in wrapper.Config.methods:
            assert f"`{method}`" in TEXT
