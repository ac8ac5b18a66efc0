"""Small components, named in workflows of these tests by their dotted paths."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, SecretStr, field_validator

from beam_ingest import (
    BulkSink,
    ConfigModel,
    Ignored,
    Processor,
    Refused,
    Secret,
    Sink,
    Source,
    Stage,
    StreamSource,
)
from beam_ingest.api.secrets import Options
from beam_ingest.api.source_config import DatabaseMetadata


class Password(ConfigModel):
    password: Secret | None = None


class Token(ConfigModel):
    token_url: str
    client_secret: Secret


class Db(Source):
    """A database source with all that a connection may have."""

    SourceConfig: ClassVar[type[ConfigModel]] = DatabaseMetadata

    class Config(ConfigModel):
        type: Literal["Db"] = "Db"
        host_port: str = Field("localhost:1", description="Where the server listens.")
        port: int = Field(1, ge=1, le=65535)
        auth_type: Password | Token | None = None
        password: Secret | None = None
        connection_options: Options = Field(default_factory=dict)
        verify: bool = True
        supports_profiler: Annotated[bool, Ignored("there is no profiler")] = True
        ssl_config: Annotated[Any, Refused("there is no network")] = None


class Lines(Source):
    """A source without any keys for what to read."""

    class Config(ConfigModel):
        path: str = Field(description="The file to read.")


class Endless(StreamSource):
    """An unbounded source."""


class Picky(Source):
    """A source that has to be told what to read."""

    class SourceConfig(ConfigModel):
        topics: list[str] = Field(description="The topics to read.")


class Step(Processor):
    """A processor."""

    class Config(ConfigModel):
        pattern: str = ""
        limit: int | str = 1
        names: list[str] = Field(default_factory=list)


def upper(record: Any) -> Any:
    return record


class Out(Sink):
    """A sink."""

    class Config(ConfigModel):
        path: str = "out"
        token: Secret | None = None
        dsn: Secret | None = None


class Keep(Stage):
    """A stage."""


class Publish(BulkSink):
    """A bulk sink."""


class NoModel(Sink):
    """Its Config is not a pydantic model."""

    class Config:
        pass


class PlainSecret(Sink):
    """Keeps a secret where a worker would not find it."""

    class Config(BaseModel):
        password: SecretStr = SecretStr("")


class Tactless(Sink):
    """Its checks fail in ways that a model's checks should not."""

    class Config(ConfigModel):
        password: str = ""
        key: str = ""

        @field_validator("password")
        @classmethod
        def _tells(cls, value: str) -> str:
            raise ValueError(f"{value} is too simple")

        @field_validator("key")
        @classmethod
        def _breaks(cls, value: str) -> str:
            raise KeyError(value)
