"""The local runner: in this process, or in several worker processes of this machine.

FnApiRunner is named itself: "DirectRunner" first looks for another engine, then picks one of two
that behave differently.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment


def local_runner(workers: int, run_dir: str, options: PipelineOptions) -> Any:
    """The runner for so many worker processes; ``options`` are told of the number."""
    direct = options.view_as(DirectOptions)
    direct.direct_num_workers = workers
    if workers == 1:
        return FnApiRunner()
    command = [sys.executable, "-m", "beam_ingest.runners.local_worker", run_dir]
    return FnApiRunner(
        default_environment=SubprocessSDKEnvironment.from_command_string(
            "exec " + shlex.join(command)
        )
    )
