"""Durations as people write them: ``60s``, ``5m``, ``1h``, ``500ms``, or seconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PATTERN = r"^([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|h|d)?$"


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        match = re.match(_PATTERN, value.strip())
        if match is None:
            raise ValueError("expected a duration: 60s, 5m, 1h, 500ms, or a number of seconds")
        return float(match[1]) * _SECONDS[match[2] or "s"]
    return value


Duration = Annotated[
    float,
    Field(gt=0, allow_inf_nan=False),
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": _PATTERN},
            ]
        }
    ),
]
"""A length of time above zero, in seconds."""
