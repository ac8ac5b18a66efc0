"""Processor ``python``: a function or class of the user's own, by dotted path, with options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import CodePath, ConfigModel
from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.processor import Processed, Processor
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind, imported
from beam_ingest.api.secrets import Options, resolve_options


class PythonProcessor(Processor):
    """Calls a function with each record and the options, or an object of a class.

    A class is built once on each worker, with the options as keyword arguments; its ``process``
    method is called with each record (or the object itself, where it has none), and ``close``,
    where it has one, at the end. What is returned or raised means what it means in
    ``Processor.process``. A ``Processor`` subclass needs none of this: it is a type of its own.
    """

    class Config(ConfigModel):
        """``config`` of a processor of type ``python``."""

        function: Annotated[str, CodePath()] = Field(
            description="The dotted path: a function or class in a file of the current folder or "
            "in an installed package."
        )
        options: Options = Field(
            default_factory=dict,
            validate_default=True,
            description="Keyword arguments of the function, or of the class's constructor.",
        )

        @field_validator("function")
        @classmethod
        def _can_be_called(cls, path: str) -> str:
            _checked(path)
            return path

        @field_validator("options")
        @classmethod
        def _fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
            path = info.data.get("function")
            if path is not None:  # else it is wrong itself, which is reported
                _check_options(path, options)
            return options

    def open(self) -> None:
        """Import it; build the object of a class. ``FatalError`` where its constructor raises."""
        found = _checked(self.config.function)
        options = resolve_options(self.config.options)
        self._object: Any = None
        if inspect.isclass(found):
            self._object = _built(found, options)
            found = getattr(self._object, "process", self._object)
        elif options:
            found = partial(found, **options)
        self._call: Callable[[Record], Processed] = found

    def process(self, record: Record) -> Processed:
        """What the function makes of ``record``."""
        return self._call(record)

    def close(self) -> None:
        """Close the object, where it can be closed."""
        close = getattr(getattr(self, "_object", None), "close", None)
        self._object = None
        if close is not None:
            close()


def _checked(path: str) -> Any:
    if "." not in path:
        raise ValueError(f"{path!r} is no dotted path: module.function")
    try:
        found = imported(Kind.PROCESSOR, path)
    except IngestError as error:
        raise ValueError(str(error)) from None
    if inspect.isclass(found) and issubclass(found, Component):
        raise ValueError(
            f"{path!r} is a {found.kind} of its own: write type: {path}, and its keys in config"
        )
    if inspect.isclass(found):
        if not callable(getattr(found, "process", None)) and "__call__" not in _names(found):
            raise ValueError(f"{path!r} has neither a method process nor __call__")
    elif not callable(found):
        raise ValueError(f"{path!r} is no function or class but of type {type(found).__name__}")
    return found


def _built(cls: type, options: Mapping[str, Any]) -> Any:
    try:
        return cls(**options)
    except IngestError:
        raise
    except Exception as error:
        raise FatalError(
            f"{cls.__module__}.{cls.__qualname__} cannot be built: {type(error).__name__}: {error}"
        ) from None


def _names(cls: type) -> set[str]:
    return {name for base in cls.__mro__ for name in vars(base)}


def _check_options(path: str, options: Mapping[str, Any]) -> None:
    found = _checked(path)
    try:
        signature = inspect.signature(found)
    except ValueError:  # some functions written in C have none, and are called unchecked
        return
    try:
        signature.bind(*(() if inspect.isclass(found) else ({},)), **options)
    except TypeError as error:
        raise ValueError(f"{path}{signature} cannot be called with them: {error}") from None
