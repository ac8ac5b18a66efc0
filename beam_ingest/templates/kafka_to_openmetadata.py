"""``kafka-to-openmetadata``: entities that come as messages, into OpenMetadata, without end."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from beam_ingest.api.secrets import Secret
from beam_ingest.templates.shared import ServerParameters, reference
from beam_ingest.templates.template import Template


class KafkaToOpenMetadata(ServerParameters):
    """Topics that are read, and a server that is written to."""

    bootstrap_servers: str = Field(description="Brokers, host:port, separated by commas.")
    topics: list[str] = Field(description="The topics to read.")
    group_id: str = Field(
        "beam-ingest", description="The consumer group in whose name offsets are committed."
    )
    start_from: Literal["committed", "earliest", "latest"] = Field(
        "committed", description="Where a new run begins to read."
    )
    security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL"] = Field(
        "PLAINTEXT", description="How the brokers are talked to."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="How the user is authenticated, where the protocol is one of SASL."
    )
    sasl_username: str | None = Field(None, description="The user that reads the topics.")
    sasl_password: Secret | None = Field(
        None, description="The user's password: a reference (file:/path, gcp-secret:...)."
    )
    window: str = Field(
        "60s", description="The length of a window: what it holds is published together."
    )
    allowed_lateness: str | None = Field(
        None, description="How late a message may come and still count into its window."
    )
    late: Literal["publish", "deadLetter"] = Field(
        "publish", description="What becomes of a message that is later still."
    )


def _workflow(parameters: KafkaToOpenMetadata) -> dict[str, Any]:
    return {
        "source": {
            "type": "kafka",
            "serviceName": "kafka",
            "serviceConnection": {
                "config": {
                    "type": "Kafka",
                    "bootstrapServers": parameters.bootstrap_servers,
                    "topics": parameters.topics,
                    "groupId": parameters.group_id,
                    "startFrom": parameters.start_from,
                    "securityProtocol": parameters.security_protocol,
                    "saslMechanism": parameters.sasl_mechanism,
                    "saslUsername": parameters.sasl_username,
                    "saslPassword": reference(parameters.sasl_password),
                }
            },
        },
        "stage": {"type": "file"},
        "bulkSink": {"type": "metadata-rest"},
        "workflowConfig": {"openMetadataServerConfig": parameters.server()},
        "beam": {
            **parameters.run_block(),
            "window": {"fixed": parameters.window},
            "allowedLateness": parameters.allowed_lateness,
            "late": parameters.late,
        },
    }


TEMPLATE = Template(
    name="kafka-to-openmetadata",
    title="Kafka to OpenMetadata",
    description=(
        "Reads entities (tables, schemas, lineage; one JSON object a message, as a file sink "
        "writes them) from topics of Kafka and publishes them to an OpenMetadata server, window by "
        "window; an offset is committed when all before it is published."
    ),
    parameters=KafkaToOpenMetadata,
    workflow=_workflow,
    streaming=True,
)
