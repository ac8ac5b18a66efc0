"""The settings of the ``beam:`` block that a component may read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from beam_ingest.api.config_model import ConfigModel


class RetireLimits(ConfigModel):
    """How much of a scope one run may retire."""

    max_share: float = Field(
        0.2, ge=0, le=1, description="Refuse to retire more than this share of a scope."
    )
    floor: int = Field(
        10, ge=0, description="Up to so many names may always be retired, whatever the share."
    )


class RunSettings(ConfigModel):
    """What a component may know of how it is run."""

    batch_size: int = Field(500, ge=1, le=10_000, description="Records in a batch at most.")
    concurrency: int = Field(
        4, ge=1, le=256, description="Requests in flight to a server, per worker."
    )
    max_connections: int | None = Field(
        None, ge=1, description="Connections to the source over the whole run; no limit if null."
    )
    skip_unchanged: Literal["off", "server", "local"] = Field(
        "off", description="Do not send what did not change, by its source hash."
    )
    retire: RetireLimits = Field(
        default_factory=RetireLimits, description="How much of a scope one run may retire."
    )

    work_dir: str = Field(
        "runs", min_length=1, description="Where run directories are kept: a path or URL."
    )

    @field_validator("skip_unchanged", mode="before")
    @classmethod
    def _off_is_no_boolean(cls, value: Any) -> Any:
        return "off" if value is False else value  # YAML 1.1 reads a plain off as false
