"""The connection settings of Kafka: OpenMetadata's ``kafkaConnection``, and what to read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.secrets import Options, Secret

_OF_CATALOGUE = Ignored("messages are read, not the topics' metadata")


class KafkaSsl(ConfigModel):
    """Certificates: paths, or PEM texts."""

    ca_certificate: Secret | None = None
    ssl_certificate: Secret | None = None
    ssl_key: Secret | None = None


class KafkaConfig(Component.Config):
    """Brokers, and the topics whose messages are read."""

    type: Literal["Kafka"] = "Kafka"
    bootstrap_servers: str = Field(description="Brokers, host:port, separated by commas.")
    topics: list[str] = Field(
        min_length=1,
        description="The topics to read, by name. OpenMetadata's own workflow of this type reads "
        "what topics there are, which this source does not. (beam_ingest only)",
    )
    group_id: str = Field(
        "beam-ingest",
        min_length=1,
        description="The consumer group in whose name offsets are committed. (beam_ingest only)",
    )
    start_from: Literal["committed", "earliest", "latest"] = Field(
        "committed",
        description="Where a new run begins: at the group's committed offset (where there is none, "
        "at the first message), at the first message, or after the last. (beam_ingest only)",
    )
    format: Literal["json", "avro"] = Field(
        "json",
        description="What messages hold; avro needs schemaRegistryURL. (beam_ingest only)",
    )
    out_of_order: float = Field(
        5.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that a message may be older than one before it and still not be "
        "late. (beam_ingest only)",
    )
    idle_after: float = Field(
        10.0,
        gt=0,
        allow_inf_nan=False,
        description="After so many seconds at its end a partition holds no window up. "
        "(beam_ingest only)",
    )

    security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "GSSAPI", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = (
        "PLAIN"
    )
    sasl_username: str | None = None
    sasl_password: Secret | None = None
    consumer_config: Options = Field(
        default_factory=dict, description="Settings of librdkafka's consumer, by their names."
    )
    consumer_config_ssl: KafkaSsl | None = Field(None, alias="consumerConfigSSL")

    schema_registry_url: str | None = Field(None, alias="schemaRegistryURL")
    schema_registry_config: Options = Field(
        default_factory=dict, description="Settings of Confluent's schema registry client."
    )
    schema_registry_ssl: KafkaSsl | None = Field(None, alias="schemaRegistrySSL")
    basic_auth_user_info: Secret | None = Field(
        None, description="user:password for the schema registry."
    )

    schema_registry_topic_suffix_name: Annotated[str, _OF_CATALOGUE] = "-value"
    topic_filter_pattern: Annotated[Any, _OF_CATALOGUE] = None
    supports_metadata_extraction: Annotated[bool, _OF_CATALOGUE] = True
    supports_profiler: Annotated[bool, _OF_CATALOGUE] = True
