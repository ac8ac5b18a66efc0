"""What all components of one run share in one worker process: session, knowledge, requests.

An engine makes several instances of a sink in a process. Together they keep to one number of
requests in flight, know of each other's writing, and read a list of the server once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from beam_ingest.api.component import Context
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.clock import begun
from beam_ingest.connectors.openmetadata.config import MetadataRestConfig
from beam_ingest.connectors.openmetadata.connect import connect
from beam_ingest.connectors.openmetadata.doubt import Doubt, folder_of
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprints
from beam_ingest.connectors.openmetadata.sender import Limits, Sender
from beam_ingest.connectors.openmetadata.writer import Writer
from beam_ingest.http import RetryPolicy, Timeouts

_lock = threading.Lock()
_open: dict[str, Connection] = {}
_parked: dict[str, Connection] = {}  # the last that was released: at most one


@dataclass(slots=True)
class Connection:
    """One run's connection with one server. ``release`` it as often as acquired."""

    key: str
    client: Client
    catalogue: Catalogue
    sender: Sender
    writer: Writer
    fingerprints: Fingerprints | None = None
    doubt: Doubt | None = None
    """Noted where this run keeps no fingerprints and others do."""
    began: float = 0.0
    """When the run began, by this machine's clock."""
    users: int = 0


def acquire(config: MetadataRestConfig, context: Context, *, overwrites: bool = True) -> Connection:
    """This process's connection of the run; made on first use.

    What an earlier one of the same run knew of the server is taken over. Who ``overwrites``
    nothing leaves no doubt (see ``doubt``).
    """
    key = f"{_key(config, context)}\n{overwrites}"
    with _lock:
        connection = _open.get(key)
        if connection is None:
            known = _parked.get(key) if context.run_id else None
            connection = _connect(key, config, context, known, overwrites=overwrites)
            _open[key] = connection
            _parked.clear()
        connection.users += 1
        return connection


def release(connection: Connection) -> None:
    """Give it back; the last user ends its threads and its session."""
    with _lock:
        connection.users -= 1
        if connection.users:
            return
        del _open[connection.key]
        _parked.clear()
        _parked[connection.key] = connection
    connection.sender.close()
    if connection.fingerprints is not None:
        connection.fingerprints.close()
    if connection.doubt is not None:
        connection.doubt.close()
    connection.client.session.close()


def _connect(
    key: str,
    config: MetadataRestConfig,
    context: Context,
    known: Connection | None,
    *,
    overwrites: bool,
) -> Connection:
    settings = context.settings
    session = connect(
        context.server,
        connections=settings.concurrency,
        timeouts=Timeouts(config.connect_timeout, config.read_timeout),
        # A run without end is held up by a server that is away, for as long as it is.
        policy=RetryPolicy(waits=True) if context.unbounded else None,
    )
    fingerprints: Fingerprints | None = None
    doubt: Doubt | None = None
    if known is None:
        client = Client(session, context.server.api_version)
        catalogue = Catalogue(client, settings.concurrency)
    else:
        client, catalogue = known.client, known.catalogue
        client.session = session
        fingerprints, doubt = known.fingerprints, known.doubt
    override = config.override_metadata or bool(
        getattr(context.source_config, "override_metadata", False)
    )
    limits = Limits(config.bulk_sink_batch_size, config.max_request_bytes)
    sender = Sender(client, settings.concurrency, limits, override=override)
    # In ``server`` mode for lineage only, which is sent again where no folder can keep them.
    if known is None and (
        settings.skip_unchanged == "local"
        or (settings.skip_unchanged == "server" and "://" not in settings.work_dir)
    ):
        fingerprints = Fingerprints(
            settings.work_dir, session.base_url, context.service_name, context.run_id
        )
        if overwrites:
            client.before_change = fingerprints.begin_to_write
    elif overwrites and known is None and "://" not in settings.work_dir:
        # Others may keep some: what this run writes makes them false.
        folder = folder_of(settings.work_dir, session.base_url, context.service_name)
        if folder.is_dir():
            doubt = Doubt(folder, context.run_id)
            client.before_change = doubt.note
    writer = Writer(
        client,
        sender,
        catalogue,
        skip_unchanged=settings.skip_unchanged == "server",
        with_connection=context.server.store_service_connection,
        fingerprints=fingerprints,
    )
    began = begun(context.run_id) if known is None else known.began
    return Connection(key, client, catalogue, sender, writer, fingerprints, doubt, began)


def _key(config: MetadataRestConfig, context: Context) -> str:
    server = context.server.model_dump_json() if context.server is not None else ""
    parts = (context.run_id, server, config.model_dump_json(), context.settings.model_dump_json())
    return "\n".join(parts)
