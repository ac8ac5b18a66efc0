"""What a workflow asks of OpenMetadata's server and tells it, beside what its components do.

The connection that the workflow does not write (``source`` without ``serviceConnection``), and
the status of the run on the server's page of the ingestion pipeline (``ingestionPipelineFQN``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from beam_ingest.api.errors import CannotStart, IngestError
from beam_ingest.api.report import Report
from beam_ingest.config.model import ComponentConfig, WorkflowConfig
from beam_ingest.flow.plan import Plan

_log = logging.getLogger(__name__)


def connected(config: WorkflowConfig) -> WorkflowConfig:
    """``config`` with the source's connection, fetched from the server where it is not written.

    What the server keeps beside the keys we know is left out. Raises ``FatalError`` where the
    server does not give it, ``CannotStart`` where it cannot be used.
    """
    if not config.connection_from_server:
        return config
    from beam_ingest.connectors.openmetadata.service import service_connection

    if not config.beam.is_local:
        raise CannotStart(
            "the server gives the connection's secrets in plain text, which are not sent to "
            "remote workers",
            hint="write source.serviceConnection, its secrets as file: references",
        )
    source = config.source
    found = service_connection(config.server, config.service_name)
    fields = source.cls.Config.model_fields
    known = {*fields, *(field.alias for field in fields.values())}
    try:
        model = source.cls.Config.model_validate({k: v for k, v in found.items() if k in known})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise CannotStart(
            f"the connection that the server keeps of {config.service_name} is none for "
            f"{source.type!r}: {where}: {fault['msg']}",
            hint="check source.type and source.serviceName",
        ) from None
    fetched = ComponentConfig(source.kind, source.type, source.step, source.cls, model)
    return replace(config, source=fetched, connection_from_server=False)


def reported(config: WorkflowConfig, plan: Plan, run: Callable[[], Report]) -> Report:
    """``run()``, with its start and its end told to the server where the workflow asks for it.

    A server that cannot be told is a warning: the run does not depend on it.
    """
    if config.server is None or config.ingestion_pipeline_fqn is None:
        return run()
    from beam_ingest.connectors.openmetadata.pipeline_status import PipelineStatus

    told = config.pipeline_run_id or plan.run_id
    status = PipelineStatus(config.server, config.ingestion_pipeline_fqn, told)
    _tell(lambda: status.started(datetime.fromisoformat(plan.started_at)))
    report = run()
    _tell(lambda: status.ended(report))
    return report


def _tell(call: Callable[[], None]) -> None:
    try:
        call()
    except IngestError as error:
        _log.warning("the server could not be told of the run's status: %s", error)
