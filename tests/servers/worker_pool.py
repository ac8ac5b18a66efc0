"""A pool of Python workers that several task managers share: ``python -m … PORT``.

Beam's own pool is one for each task manager: all of them call their workers by the same names,
and one that stops its worker would stop another's. Here a worker ends with its connection.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer


class Pool(BeamFnExternalWorkerPoolServicer):
    """Starts what it is asked for, and stops nothing."""

    def StopWorker(self, request: Any, context: Any) -> Any:
        return beam_fn_api_pb2.StopWorkerResponse()


if __name__ == "__main__":
    _, server = Pool.start(port=int(sys.argv[1]), use_process=True)
    threading.Event().wait()
