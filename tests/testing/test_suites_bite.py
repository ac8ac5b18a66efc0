"""Every check of every suite catches something, and catches nothing in a good component."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from beam_ingest import testing
from tests.testing.broken.bite import CAUGHT

FOLDER = Path(__file__).parent / "broken"
MODULES = [path.stem for path in sorted(FOLDER.glob("*s.py"))]
ROOT = FOLDER.parents[2]
for _module in MODULES:
    importlib.import_module(f"tests.testing.broken.{_module}")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The outcome of each check for each component, from one run of all of them."""
    report = tmp_path_factory.mktemp("bite") / "report.xml"
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "-W", "ignore::ResourceWarning",  # one of them leaves a file open
            f"--junitxml={report}", *(str(FOLDER / f"{module}.py") for module in MODULES),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcome = kinds[0] if kinds else "passed"
        found.setdefault(case.attrib["classname"], {})[case.attrib["name"]] = outcome
    return found


@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_a_component_fails_the_checks_it_breaks_and_no_other(
    outcomes: dict[str, dict[str, str]], name: str
) -> None:
    failed = {check for check, outcome in outcomes[name].items() if outcome == "failure"}
    assert "error" not in outcomes[name].values()
    assert failed == CAUGHT[name]


def test_every_check_has_a_component_that_it_catches() -> None:
    caught = {_definition(name, check) for name, checks in CAUGHT.items() for check in checks}
    assert _all_checks() - caught == set()


def test_every_check_passes_for_some_component(outcomes: dict[str, dict[str, str]]) -> None:
    passed = {
        _definition(name, check)
        for name, checks in outcomes.items()
        for check, outcome in checks.items()
        if outcome == "passed"
    }
    assert _all_checks() - passed == set()


def _all_checks() -> set[str]:
    return {
        getattr(suite, check).__qualname__
        for suite in (getattr(testing, name) for name in testing.__all__)
        for check in dir(suite)
        if check.startswith("test_")
    }


@cache
def _definition(name: str, check: str) -> str:
    module, _, suite = name.rpartition(".")
    defined: str = getattr(getattr(importlib.import_module(module), suite), check).__qualname__
    return defined
