"""What a DoFn carries of a component: its type and its configuration as JSON, never the object.

References to secrets stay references; the component is imported, built and opened on the worker.
"""

from __future__ import annotations

import builtins
import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from beam_ingest.api.component import Component, Context
from beam_ingest.api.registry import Kind, find
from beam_ingest.api.sealing import sealed, unsealed
from beam_ingest.api.settings import RunSettings


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """A component to be built elsewhere. Plain strings; serializable by anything.

    ``step`` is its name in the report, unique in the workflow and fit for a file name;
    ``code_paths`` are folders with the user's own modules, appended to ``sys.path``.
    """

    kind: str
    type: str
    step: str
    config: str
    context: str
    code_paths: tuple[str, ...] = ()

    def for_run(self, run_id: str) -> ComponentSpec:
        """The same component in another run."""
        context = {**json.loads(self.context), "runId": run_id}
        return replace(self, context=json.dumps(context))

    def with_state(self, state: Mapping[str, Any]) -> ComponentSpec:
        """The same component, told what the workflow remembers."""
        context = {**json.loads(self.context), "state": dict(state)}
        return replace(self, context=json.dumps(context))

    @property
    def state(self) -> dict[str, Any]:
        """What it was told that the workflow remembers."""
        state: dict[str, Any] = json.loads(self.context)["state"]
        return state

    def load(self) -> builtins.type[Component]:
        """The class of the component. Raises what the registry raises."""
        for path in self.code_paths:
            # Appended: a user's http.py must not shadow the standard library's.
            if path not in sys.path:
                sys.path.append(path)
        return find(Kind(self.kind), self.type)

    def build(self) -> Any:
        """The component, not opened. Raises what ``load`` and pydantic raise."""
        cls = self.load()
        config = cls.Config.model_validate_json(unsealed(self.config))
        return cls(config, context_from_json(self.context))


def context_to_json(context: Context) -> str:
    """The context as text; models by their class and their JSON."""
    return json.dumps(
        {
            "serviceName": context.service_name,
            "runId": context.run_id,
            "sourceConfig": _model_to_json(context.source_config),
            "server": _model_to_json(context.server),
            "settings": context.settings.model_dump(mode="json", by_alias=True),
            "state": dict(context.state),
            "unbounded": context.unbounded,
        }
    )


def context_from_json(text: str) -> Context:
    """The context that ``context_to_json`` wrote."""
    value = json.loads(text)
    return Context(
        service_name=value["serviceName"],
        run_id=value["runId"],
        source_config=_model_from_json(value["sourceConfig"]),
        server=_model_from_json(value["server"]),
        settings=RunSettings.model_validate(value["settings"]),
        state=value["state"],
        unbounded=value["unbounded"],
    )


def config_to_json(model: BaseModel) -> str:
    """A configuration as text: what was given, references unresolved, and what is secret in URLs
    as references too.
    """
    return sealed(model.model_dump_json(by_alias=True, exclude_unset=True))


def _model_to_json(model: BaseModel | None) -> list[str] | None:
    if model is None:
        return None
    cls = type(model)
    return [cls.__module__, cls.__qualname__, config_to_json(model)]


def _model_from_json(value: list[str] | None) -> BaseModel | None:
    if value is None:
        return None
    module, name, text = value
    cls: Any = importlib.import_module(module)
    for part in name.split("."):
        cls = getattr(cls, part)
    return cls.model_validate_json(unsealed(text))  # type: ignore[no-any-return]
