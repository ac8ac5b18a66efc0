"""Gives a component its suite, and says which checks must fail for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

CAUGHT: dict[str, frozenset[str]] = {}
"""By ``module.TestClass``: the checks that must fail, and no others. Empty: a good twin."""


def caught_by(suite: type, *checks: str, **inputs: Any) -> Callable[[C], C]:
    """Put a subclass of ``suite`` for the decorated component into its module."""

    def give(component: C) -> C:
        module = sys.modules[component.__module__]
        name = f"Test{component.__name__}"
        body = {"component": component, **inputs, "__module__": component.__module__}
        setattr(module, name, type(name, (suite,), body))
        CAUGHT[f"{component.__module__}.{name}"] = frozenset(f"test_{check}" for check in checks)
        return component

    return give


def passes(suite: type, **inputs: Any) -> Callable[[C], C]:
    """A good twin: all checks pass."""
    return caught_by(suite, **inputs)
