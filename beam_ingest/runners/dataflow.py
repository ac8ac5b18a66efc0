"""Dataflow: what its jobs are told beside what the workflow says.

Labels, network, autoscaling, machine types, encryption keys and service accounts are Beam's own
options of the same names, in ``beam.options``, and reach Dataflow as they are written.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

from beam_ingest.api.errors import MissingDependency


def check_installed() -> None:
    """Raises ``MissingDependency`` where Beam's part for Google Cloud is not installed."""
    try:
        importlib.import_module("apitools.base.py")
        importlib.import_module("google.cloud.storage")
    except ImportError:
        raise MissingDependency(
            "the runner 'dataflow' needs Beam's libraries for Google Cloud",
            hint="pip install 'beam-ingest[dataflow]'",
        ) from None


def dataflow_options(options: Mapping[str, Any], workers: int, run_id: str) -> dict[str, Any]:
    """``options`` with what a job of ours has beside them. ``workers`` is the most that it has.

    ``project``, ``region`` and ``temp_location`` are there: that was checked with the workflow.
    """
    told: dict[str, Any] = {
        # Where a location is missing, Beam makes a bucket by itself and puts the files there.
        "staging_location": f"{str(options['temp_location']).rstrip('/')}/staging",
        "num_workers": workers,
        "max_num_workers": workers,
    }
    labels = options.get("labels") or []
    mine = f"beam-ingest-run={re.sub(r'[^a-z0-9_-]', '-', run_id.lower())}"
    labels = [*(labels if isinstance(labels, list) else [labels]), mine]
    return {**told, **options, "labels": labels}
