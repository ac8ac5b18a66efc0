"""What an author gives a suite: class attributes, or pytest fixtures of the same names."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

_ABSENT = object()


def resolve(suite: Any, request: pytest.FixtureRequest) -> None:
    """Put the values of inputs that are fixtures into the running test's instance."""
    for name in declared(type(suite)):
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


def declared(cls: type) -> list[str]:
    """The names of a suite's inputs: what the suites annotate as ``ClassVar``."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("beam_ingest.testing."):
            for name, annotation in inspect.get_annotations(base).items():
                if str(annotation).startswith("ClassVar") and name != "kind":
                    names[name] = None
    return list(names)


def _is_fixture(value: object) -> bool:
    # A fixture is a callable object that is neither a function nor a class (pytest 8.4).
    return callable(value) and not inspect.isclass(value) and not inspect.isfunction(value)
