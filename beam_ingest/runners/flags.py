"""Beam's pipeline options as they are typed on a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


def options_of(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str], list[str]]:
    """``--name=value`` texts as a mapping; those that Beam does not know; all that it knows."""
    given = PipelineOptions(list(arguments)).get_all_options(
        drop_default=True, retain_unknown_options=True
    )
    known = PipelineOptions([]).get_all_options()
    unknown = [f"--{name}" for name in sorted(given) if name not in known]
    if arguments and not arguments[0].startswith("-"):
        unknown.insert(0, arguments[0])
    return given, unknown, [f"--{name}" for name in known]
