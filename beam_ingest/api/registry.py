"""From a type in a workflow to the class behind it.

Types come from entry points (``beam_ingest.sources``, ``beam_ingest.processors``,
``beam_ingest.sinks``, ``beam_ingest.stages``, ``beam_ingest.bulk_sinks``) and are imported only
when asked for. A dotted path (``mine.MySource``) names the user's own class, or for a processor
a function, in any importable module or a file of the current folder.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from beam_ingest.api.bulk_sink import BulkSink
from beam_ingest.api.component import Component
from beam_ingest.api.errors import MissingDependency, UnknownComponent
from beam_ingest.api.processor import Processor
from beam_ingest.api.sink import Sink, StagedSink
from beam_ingest.api.source import Source, StreamSource
from beam_ingest.api.stage import Stage

_NO_CUSTOM_CODE = "BEAM_INGEST_NO_CUSTOM_CODE"
"""The variable that forbids it: local worker processes inherit it."""


class Kind(StrEnum):
    """The kinds of components."""

    SOURCE = "source"
    PROCESSOR = "processor"
    SINK = "sink"
    STAGE = "stage"
    BULK_SINK = "bulk-sink"


_BASES: dict[Kind, tuple[type[Component], ...]] = {
    Kind.SOURCE: (Source, StreamSource),
    Kind.PROCESSOR: (Processor,),
    Kind.SINK: (Sink, StagedSink),
    Kind.STAGE: (Stage,),
    Kind.BULK_SINK: (BulkSink,),
}


def find(kind: Kind, type_: str) -> type[Component]:
    """The class of ``type_``.

    Raises ``UnknownComponent`` with the nearest names, ``MissingDependency`` with the
    ``pip install`` to run.
    """
    entry = _entries(kind).get(type_)
    if entry is not None:
        return _load(kind, type_, entry)
    if "." in type_:
        return _checked(kind, type_, imported(kind, type_))
    raise UnknownComponent(f"there is no {kind} {type_!r}", hint=_suggestion(kind, type_))


def forbid_custom_code() -> None:
    """From here on, in this process and those it starts, only installed components are found."""
    os.environ[_NO_CUSTOM_CODE] = "1"


def custom_code_is_forbidden() -> bool:
    """Whether a dotted path may name a component at all."""
    return os.environ.get(_NO_CUSTOM_CODE, "") not in ("", "0")


def types(kind: Kind) -> dict[str, str]:
    """The types of a kind, sorted, each with the ``module:Class`` behind it."""
    return {name: entry.value for name, entry in sorted(_entries(kind).items())}


def imported(kind: Kind, path: str) -> Any:
    """What the dotted path ``path`` names, whatever it is.

    Raises ``UnknownComponent`` where it names nothing or custom code is forbidden,
    ``MissingDependency`` where its module imports what is not installed. ``kind`` is for the
    message.
    """
    module_name, _, attribute = path.rpartition(".")
    # What the framework itself puts into a graph are components of flow.
    if custom_code_is_forbidden() and not module_name.startswith("beam_ingest.flow."):
        raise UnknownComponent(
            f"the {kind} {path!r} is code by its dotted path, which is forbidden here",
            hint="run it without --no-custom-code (and without BEAM_INGEST_NO_CUSTOM_CODE), or "
            "install it as a package with an entry point",
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise UnknownComponent(
                f"the {kind} {path!r} cannot be imported: there is no module {error.name!r}",
                hint="a dotted path names a class in a file of the current folder, or in an "
                f"installed package; {_suggestion(kind, path)}",
            ) from None
        raise MissingDependency(
            f"{module_name!r} imports {error.name!r}, which is not installed",
            hint=f"pip install {(error.name or '').partition('.')[0]}",
        ) from None
    except Exception as error:
        raise UnknownComponent(
            f"the {kind} {path!r} cannot be imported: {type(error).__name__}: {error}"
            f"{_line_of(module_name, error)}",
            hint=f"python -c 'import {module_name}' shows the whole error",
        ) from None
    if not hasattr(module, attribute):
        public = [name for name in vars(module) if not name.startswith("_")]
        near = difflib.get_close_matches(attribute, public, n=1)
        raise UnknownComponent(
            f"the module {module_name!r} has no {attribute!r}",
            hint=f"did you mean {near[0]!r}?" if near else None,
        )
    return getattr(module, attribute)


@cache
def _entries(kind: Kind) -> dict[str, EntryPoint]:
    group = f"beam_ingest.{kind.value.replace('-', '_')}s"
    return {entry.name: entry for entry in entry_points(group=group)}


def _load(kind: Kind, type_: str, entry: EntryPoint) -> type[Component]:
    try:
        loaded = entry.load()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "beam_ingest"):
            raise
        raise MissingDependency(
            f"the {kind} {type_!r} needs the library {missing!r}, which is not installed",
            hint=f"pip install {_requirement(type_, entry)}",
        ) from None
    return _checked(kind, type_, loaded)


def _requirement(type_: str, entry: EntryPoint) -> str:
    # The extra of a connector is named like its type, else like its folder under
    # beam_ingest/connectors, or for a SQL system under beam_ingest/connectors/sql.
    parts = entry.module.split(".")
    if parts[:2] == ["beam_ingest", "connectors"]:
        if entry.dist and type_ in (entry.dist.metadata.get_all("Provides-Extra") or ()):
            return f"'beam-ingest[{type_}]'"
        folder = parts[3] if parts[2] == "sql" else parts[2]
        return f"'beam-ingest[{folder.replace('_', '-')}]'"
    return entry.dist.name if entry.dist else entry.module.partition(".")[0]


def _checked(kind: Kind, type_: str, found: Any) -> type[Component]:
    if inspect.isclass(found) and issubclass(found, _BASES[kind]):
        return found
    if kind is Kind.PROCESSOR and callable(found) and not inspect.isclass(found):
        return _function_processor(type_, found)
    wanted = " or ".join(base.__name__ for base in _BASES[kind])
    raise UnknownComponent(
        f"{type_!r} is no {kind}: it is not a subclass of {wanted}",
        hint=f"class {type_.rpartition('.')[2]}({_BASES[kind][0].__name__}): …",
    )


def _function_processor(type_: str, function: Any) -> type[Processor]:
    # The function itself, not a method around it: it is called for every record.
    members = {"process": staticmethod(function), "__doc__": function.__doc__}
    return type(function.__name__, (Processor,), members)


def _suggestion(kind: Kind, type_: str) -> str:
    names = list(_entries(kind))
    near = difflib.get_close_matches(type_, names, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(repr(name) for name in near) + "?"
    return "there are: " + ", ".join(sorted(names))


def _line_of(module_name: str, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    traceback = error.__traceback__
    line = None
    while traceback is not None:
        name = traceback.tb_frame.f_globals.get("__name__")
        if name == module_name or name not in sys.modules:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f" (line {line})" if line else ""
