"""The configurations of the sink and of the bulk sink ``metadata-rest``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel, Ignored


class MetadataRestConfig(ConfigModel):
    """OpenMetadata's keys of it, and ours. The server is ``openMetadataServerConfig``'s."""

    api_endpoint: Annotated[
        str | None, Ignored("the server is openMetadataServerConfig.hostPort")
    ] = None
    bulk_sink_batch_size: int = Field(
        100, ge=1, le=1000, description="Entities in one bulk request at most."
    )
    max_request_bytes: int = Field(
        4_000_000, ge=10_000, description="Size of one bulk request at most."
    )
    override_metadata: bool = Field(
        False,
        description="Overwrite descriptions, tags, owners and display names edited on the "
        "server; servers before 2.0 cannot.",
    )
    connect_timeout: float = Field(10, gt=0, description="Seconds to wait for a connection.")
    read_timeout: float = Field(
        120,
        gt=0,
        description="Seconds to wait for an answer; a bulk request that gets none is halved.",
    )
    enable_async_pipeline: Annotated[
        bool, Ignored("requests are always in flight while the next records are read")
    ] = True
    async_pipeline_workers: Annotated[
        int, Ignored("beam.concurrency says how many requests are in flight")
    ] = 2
