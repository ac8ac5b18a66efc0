"""The configuration of a wrapper: another component with its own, and the faults."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import IngestError
from beam_ingest.api.registry import Kind, find
from beam_ingest.testing.faults.fault import Fault

_OF_RECORDS = ("read", "splits", "parents")


class FaultyConfig(ConfigModel):
    """``wraps`` and ``config`` are another component, validated by its own model."""

    of_kind: ClassVar[Kind]
    of_class: ClassVar[type[Component]]
    methods: ClassVar[tuple[str, ...]]

    wraps: str = Field(description="The type of the component that is wrapped.")
    config: Any = Field(
        default_factory=dict, validate_default=True, description="Its configuration."
    )
    faults: list[Fault] = Field(default_factory=list, description="What goes wrong, and when.")
    counter: str | None = Field(
        None, description="A folder in which firings are counted, for all processes together."
    )

    @classmethod
    def wrapped_class(cls, type_: str) -> type[Component]:
        """The class of a type. Raises ``ValueError`` where it is none of this kind."""
        try:
            found = find(cls.of_kind, type_)
        except IngestError as error:
            raise ValueError(str(error)) from None
        if not issubclass(found, cls.of_class):
            raise ValueError(f"{type_!r} is no {cls.of_class.__name__}")
        return found

    @field_validator("wraps")
    @classmethod
    def _exists(cls, type_: str) -> str:
        cls.wrapped_class(type_)
        return type_

    @field_validator("config", mode="before")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        if "wraps" not in info.data:
            return value  # refused already
        model = cls.wrapped_class(info.data["wraps"]).Config
        # A ValidationError from here keeps its keys: pydantic puts them behind "config".
        return value if isinstance(value, model) else model.model_validate(value)

    @field_validator("faults")
    @classmethod
    def _methods_exist(cls, faults: list[Fault]) -> list[Fault]:
        for fault in faults:
            on = fault.on or cls.methods[0]
            if on not in cls.methods:
                raise ValueError(f"there is no method {on!r}, only {', '.join(cls.methods)}")
            if fault.after and on in _OF_RECORDS:
                raise ValueError(f"after goes with calls, and {on} counts records")
            if (fault.outcomes or fault.again) and on not in ("write", "publish"):
                raise ValueError("outcomes and again go with write and publish")
        return faults
