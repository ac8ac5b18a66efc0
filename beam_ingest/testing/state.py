"""What a component keeps outside its configuration and context, where a worker would not see it."""

from __future__ import annotations

import inspect
from typing import Any

from beam_ingest.api.component import Component, Context
from beam_ingest.testing.audit import side_effects


def class_state(cls: type) -> dict[str, str]:
    """The values that a class and its own bases hold, as texts, by their names."""
    return {
        f"{base.__qualname__}.{name}": f"{type(value).__name__} {value!r}"
        for base in cls.__mro__
        if base is not object and not base.__module__.startswith("beam_ingest.api.")
        for name, value in vars(base).items()
        if not name.startswith("__") and not _is_code(value)
    }


def constructor_faults(cls: type[Component], config: Any, context: Context) -> list[str]:
    """What a constructor did beside storing its two arguments, for the reader."""
    opened: list[str] = []
    probe = type(cls.__name__, (cls,), {"open": lambda self: opened.append("open")})
    probe(config, context)  # the first one may import modules
    opened.clear()
    with side_effects() as effects:
        made = probe(config, context)
    faults = [f"it called {name}()" for name in opened]
    faults += [f"it did: {effect}" for effect in effects]
    faults += [
        f"it set self.{name}"
        for name, value in vars(made).items()
        if name not in ("config", "context") and value is not None  # None: a place, no state
    ]
    if made.config is not config or made.context is not context:
        faults.append("self.config and self.context are not what it was given")
    return faults


def _is_code(value: object) -> bool:
    return (
        inspect.isroutine(value)
        or inspect.isclass(value)
        or inspect.isdatadescriptor(value)
        or hasattr(value, "__get__")
    )
