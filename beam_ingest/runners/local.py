"""The local runner: in this process, or in several worker processes of this machine.

FnApiRunner is named itself: "DirectRunner" first looks for another engine, then picks one of two
that behave differently.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from beam_ingest.api.vault import vault_environment
from beam_ingest.runners.nursery import in_nursery


def local_runner(
    workers: int, run_dir: str, options: PipelineOptions, nursery: str | None = None
) -> Any:
    """The runner for so many worker processes; ``options`` are told of the number.

    ``nursery`` is the socket of one that starts them.
    """
    direct = options.view_as(DirectOptions)
    direct.direct_num_workers = workers
    if workers == 1:
        return FnApiRunner()
    command = [sys.executable, "-m", "beam_ingest.runners.local_worker", run_dir]
    if nursery is not None:
        command = in_nursery(nursery, command)
    return FnApiRunner(
        default_environment=SubprocessSDKEnvironment.from_command_string(
            "exec " + shlex.join(command)
        )
    )


@contextlib.contextmanager
def secrets_for_workers(workers: int) -> Iterator[None]:
    """While this lasts, worker processes that are started inherit the literal secrets.

    An environment is readable by the same user only, and is in no file and no argument list.
    """
    handed = vault_environment() if workers > 1 else {}
    os.environ.update(handed)
    try:
        yield
    finally:
        for name in handed:
            os.environ.pop(name, None)
