"""One scripted fault: what happens, where, and how often."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from beam_ingest.api.config_model import ConfigModel

DEFAULT_METHODS = frozenset({"keyed", "poll", "process", "publish", "read", "write"})
"""What fails where ``on`` is not given: each kind of component has one of them."""

_KINDS = ("raise_", "hang", "kill", "outcomes", "disk", "again")


class Fault(ConfigModel):
    """From the ``at``-th call on, ``times`` times: raise, hang, kill, outcomes, disk or again."""

    on: str | None = Field(
        None,
        description="The method that fails. Default: read, poll, process, write, keyed or publish.",
    )
    at: int = Field(
        1,
        ge=1,
        description="From which call on, counted from 1 in each instance. For read, splits and "
        "parents: from which record of a reading on; that record is not given out.",
    )
    every: int = Field(1, ge=1, description="Only at every so manieth call from there.")
    times: int | None = Field(1, ge=1, description="How often it fires; null: without end.")
    split: str | None = Field(None, description="Only in this split.")
    record: str | None = Field(
        None, description="Only for the record of this name, or a batch that holds it."
    )
    after: bool = Field(
        False, description="When the call has ended: it took effect, and its answer is lost."
    )

    raise_: Literal["transient", "record", "fatal", "error"] | None = Field(
        None,
        alias="raise",
        description="TransientError, RecordError, FatalError or RuntimeError.",
    )
    message: str = Field("a scripted fault", description="The message of what is raised.")
    retry_after: float | None = Field(None, ge=0, description="Of a TransientError, in seconds.")
    hang: float | None = Field(None, gt=0, description="Wait so many seconds, then go on.")
    kill: bool = Field(False, description="Kill the process with SIGKILL.")
    outcomes: Literal["short", "long"] | None = Field(
        None, description="Of write and publish: one outcome too few, or one too many."
    )
    disk: Literal["full", "rename", "torn"] | None = Field(
        None,
        description="Until the component is closed: no file can be opened for writing, no file "
        "can be renamed, or what is renamed holds half of its bytes.",
    )
    again: bool = Field(
        False,
        description="The call comes twice, as where a bundle is run again; the second answer "
        "counts. Of write and publish.",
    )
    under: str | None = Field(None, description="The folder in which the disk fails.")

    @model_validator(mode="after")
    def _one_kind(self) -> Fault:
        given: list[Any] = [name for name in _KINDS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give one of raise, hang, kill, outcomes, disk and again")
        if (self.disk is None) != (self.under is None):
            raise ValueError("disk and under go together: under is the folder that fails")
        if self.after and (self.outcomes or self.disk or self.again):
            raise ValueError("after goes with raise, hang and kill")
        return self

    def is_due(self, on: str, number: int, split: str | None, names: tuple[str, ...]) -> bool:
        """Whether it is meant to fire at this call."""
        return (
            (on in DEFAULT_METHODS if self.on is None else self.on == on)
            and number >= self.at
            and (number - self.at) % self.every == 0
            and self.split in (None, split)
            and (self.record is None or self.record in names)
        )
