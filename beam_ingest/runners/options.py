"""Pipeline options from the ``beam:`` block, checked before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.runners.local import local_runner


def runner_and_options(
    name: str, workers: int, given: Mapping[str, Any], run_dir: str
) -> tuple[Any, PipelineOptions]:
    """The runner and its options. Raises ``CannotStart`` for an option that Beam does not know.

    ``name`` is ``local`` or any name that Beam's ``--runner`` takes; ``workers`` are processes of
    the local runner.
    """
    known = PipelineOptions([]).get_all_options()
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise CannotStart(
                f"beam.options: Beam has no pipeline option {key!r}",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )
    options = PipelineOptions.from_dictionary(dict(given))
    if name == "local":
        return local_runner(workers, run_dir, options), options
    return name, options
