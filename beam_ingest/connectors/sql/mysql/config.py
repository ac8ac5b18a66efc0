"""The connection settings: OpenMetadata's ``mysqlConnection`` and ``mariaDBConnection``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from beam_ingest.api.config_model import Ignored, Refused
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.sql.connection_config import (
    AuthType,
    SqlConnection,
    SslConfig,
    host_and_port,
)

DEFAULT_PORT = 3306

_NO_USAGE = Ignored("usage and query logs are another workflow's work")


class ServerConfig(SqlConnection):
    """What both have."""

    scheme: Annotated[Literal["mysql+pymysql"], Ignored("PyMySQL connects")] = "mysql+pymysql"
    username: str
    password: Secret | None = None
    host_port: str = Field(description="Host and port; 3306 if no port is written.")
    database_name: str | None = Field(
        None, description="Name of the database in OpenMetadata; 'default' if it is not set."
    )
    database_schema: str | None = Field(None, description="The only schema to read; all if null.")
    schema_filter_pattern: FilterPattern | None = FilterPattern(
        includes=[], excludes=["^information_schema$", "^performance_schema$"]
    )
    stored_procedure_filter_pattern: FilterPattern | None = None

    @field_validator("host_port")
    @classmethod
    def _is_host_and_port(cls, text: str) -> str:
        host_and_port(text, DEFAULT_PORT)
        return text

    @property
    def secret(self) -> Secret | None:
        """The password."""
        return self.password

    @property
    def certificates(self) -> SslConfig | None:
        """Certificates, where TLS is configured."""
        return None


class MysqlAuthType(AuthType):
    """``authType``: a password; the other ways that OpenMetadata knows are refused."""

    enable_iam_auth: Annotated[
        bool, Refused("Google IAM tokens are not built in: put a token into authType.password")
    ] = False
    gcp_config: Annotated[
        Any, Refused("Google credentials are not built in: use the Cloud SQL proxy and a password")
    ] = None


class MysqlConfig(ServerConfig):
    """A MySQL server, version 8.0.16 or newer."""

    type: Literal["Mysql"] = "Mysql"
    auth_type: MysqlAuthType | None = None
    ssl_config: SslConfig | None = None
    supports_data_diff: Annotated[bool, Ignored("data is never read, so never compared")] = True
    supports_usage_extraction: Annotated[bool, _NO_USAGE] = True
    supports_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )
    use_slow_logs: Annotated[bool, _NO_USAGE] = False
    query_history_table: Annotated[str | None, _NO_USAGE] = None

    @property
    def secret(self) -> Secret | None:
        """The password, from where it is written."""
        return (self.auth_type and self.auth_type.password) or self.password

    @property
    def certificates(self) -> SslConfig | None:
        """``sslConfig``."""
        return self.ssl_config

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_lineage_extraction


class MariadbConfig(ServerConfig):
    """A MariaDB server."""

    type: Literal["MariaDB"] = "MariaDB"
    supports_view_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_view_lineage_extraction


class LoggingServer(ServerConfig):
    """A server whose query log is read."""

    use_slow_logs: bool = Field(
        False, description="Read mysql.slow_log, which has durations, not mysql.general_log."
    )
    query_history_table: str | None = Field(
        None, description="A table of your own to read, with the same columns."
    )


class MysqlUsageConfig(LoggingServer, MysqlConfig):
    """A MySQL server whose query log is read."""

    supports_usage_extraction: Annotated[
        bool, Ignored("the workflow says by its type what is read")
    ] = True


class MariadbUsageConfig(LoggingServer, MariadbConfig):
    """A MariaDB server whose query log is read. (OpenMetadata reads none of MariaDB.)"""
