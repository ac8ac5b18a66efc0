"""What an author gives a suite: class attributes, or pytest fixtures of the same names."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

_ABSENT = object()


def resolve(suite: Any, request: pytest.FixtureRequest) -> None:
    """Put the values of inputs that are fixtures into the running test's instance."""
    for name in _declared(type(suite)):
        value = inspect.getattr_static(type(suite), name, _ABSENT)
        if value is _ABSENT:
            pytest.fail(
                f"{type(suite).__name__} needs a class attribute or a fixture {name!r}",
                pytrace=False,
            )
        if _is_fixture(value):
            give(suite, name, request.getfixturevalue(name))


def give(suite: Any, name: str, value: Any) -> None:
    """Set an input in the running test's instance, before what the class says."""
    suite.__dict__[name] = value


def _declared(cls: type) -> list[str]:
    """The class attributes that suites declare with an annotation and without an underscore."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("beam_ingest.testing."):
            names.update(dict.fromkeys(inspect.get_annotations(base)))
    return [name for name in names if not name.startswith("_") and name != "kind"]


def _is_fixture(value: object) -> bool:
    # A fixture is a callable object that is neither a function nor a class (pytest 8.4).
    return callable(value) and not inspect.isclass(value) and not inspect.isfunction(value)
