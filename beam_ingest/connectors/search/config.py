"""The keys of the sinks and bulk sinks ``elasticsearch`` and ``opensearch``."""

from __future__ import annotations

import re
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, field_validator, model_validator

from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.search.openmetadata_keys import OpenMetadataKeys

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


class SearchConfig(OpenMetadataKeys):
    """OpenMetadata's keys of its sink ``elasticsearch``, and ours."""

    host_port: str | None = Field(
        None, description="The server's URL, http://localhost:9200; or esHost, esPort and scheme."
    )
    es_host: str | None = Field(None, description="The server's host, where hostPort is not used.")
    es_port: int = Field(9200, ge=1, le=65535, description="The server's port.")
    scheme: Literal["http", "https"] = Field("http", description="How to talk to esHost.")
    use_ssl: bool = Field(
        False,
        validation_alias=AliasChoices("useSSL", "useSsl", "use_ssl"),
        serialization_alias="useSSL",
        description="true: https to esHost, whatever scheme says.",
    )
    username: str | None = Field(
        None,
        validation_alias=AliasChoices("username", "esUsername", "es_username"),
        description="The user, for basic authentication.",
    )
    password: Secret | None = Field(
        None,
        validation_alias=AliasChoices("password", "esPassword", "es_password"),
        description="That user's password.",
    )
    api_key: Secret | None = Field(
        None, description="An API key, as the server gave it (encoded), or id:key."
    )
    ca_certs: str | None = Field(
        None, description="The authority to trust: the path of a PEM file, or its text."
    )
    verify_certs: bool = Field(True, description="false trusts any certificate.")
    timeout: float = Field(60, gt=0, description="Seconds to wait for an answer.")
    give_up_after: float = Field(
        120, gt=0, description="Seconds without any answer after which the run stops."
    )
    index: str = Field(
        "metadata_search", description="The alias that search clients use; in-place, the index."
    )
    recreate_indexes: bool = Field(
        True,
        validation_alias=AliasChoices(
            "recreateIndexes", "recreate_indexes", "recreateIndex", "recreate_index"
        ),
        serialization_alias="recreateIndexes",
        description="true: fill a new index and swap the alias at the end of a good run; "
        "false: write into the index that is there.",
    )
    batch_size: int = Field(1000, ge=1, le=10_000, description="Documents in one request at most.")
    max_request_bytes: int = Field(
        5_000_000, ge=10_000, description="Size of one request at most, before compression."
    )
    compress: bool = Field(True, description="Send requests as gzip.")
    replicas: int | None = Field(
        None, ge=0, description="Copies of the new index. Default: the server's."
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of a new index, beside ours."
    )
    mappings: dict[str, Any] = Field(
        default_factory=dict, description="Mappings of a new index, merged over ours."
    )

    @property
    def url(self) -> str:
        """The server's URL."""
        if self.host_port is not None:
            return self.host_port.rstrip("/")
        scheme = "https" if self.use_ssl else self.scheme
        host = f"[{self.es_host}]" if ":" in (self.es_host or "") else self.es_host
        return f"{scheme}://{host}:{self.es_port}"

    @field_validator("host_port")
    @classmethod
    def _is_a_plain_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a URL with its scheme is needed: http://localhost:9200")
        if "@" in parts.netloc:
            raise ValueError("the URL holds a user or password: write username and password")
        return value

    @field_validator("index")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                "the name of an index has small letters, digits, '_', '-' and '.', begins with a "
                "letter or digit, and has at most 100 characters"
            )
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.host_port is None) == (self.es_host is None):
            raise ValueError("one of hostPort (a URL) and esHost is needed")
        if self.api_key is not None and self.username is not None:
            raise ValueError("apiKey and username are two ways to log in: keep one of them")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        return self
