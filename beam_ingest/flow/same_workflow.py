"""Whether a workflow is the one that a run ran: by what is written, and by what that came to.

``run.json`` keeps the workflow as it is written, where a variable stays a variable, and beside it a
digest of what each component was given, where it is expanded: another server or another folder by
the same words is another workflow. A secret is a reference in both, and may change.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.spec import ComponentSpec

_MATTERS = ("source", "processor", "processors", "sink", "stage", "bulkSink", "bulk_sink")
_OF_STREAM = ("source",)
"""A stream goes on from its positions, through whatever processors and to whatever sink."""
SERVER = "openMetadataServerConfig"
_HANDLE = re.compile("vault:[0-9a-f]{16}")
"""How a secret that is written in plain text stands in a configuration; made anew each time."""


def check_same_workflow(
    plan: Plan, before: dict[str, Any], document: dict[str, Any], hint: str
) -> None:
    """Raise ``CannotStart`` with ``hint`` where ``before`` (a ``run.json``) is of another one."""
    found = list(differences(plan, before, document))
    if found:
        raise CannotStart(
            f"the workflow is not the one that {plan.run_id} ran: {', '.join(found)} changed",
            hint=hint,
        )


def differences(plan: Plan, before: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """What of ``plan`` and its ``document`` differs from a ``run.json``, for a reader.

    How it is run (``beam``), what counts as success and where the run is reported do not matter.
    """
    keys = _MATTERS if plan.windows is None else _OF_STREAM
    written = list(changes(before.get("workflow"), document, keys=keys))
    yield from written
    known = before.get("given")
    if written or not isinstance(known, dict):
        return
    for step, digest in given(plan).items():
        if known.get(step, digest) != digest:
            yield f"what variables or --set give to {step}"


def given(plan: Plan) -> dict[str, str]:
    """A digest for each step that matters, and for the address of OpenMetadata's server."""
    specs = [plan.source]
    if plan.windows is None:
        specs += plan.processors
        for writer in plan.writers:
            specs += [spec for spec in (writer.stage, writer.target) if spec is not None]
    digests = {spec.step: _digest(spec.type, spec.config, _read(spec)) for spec in specs}
    server = _model(plan.source, "server")
    if server is not None and plan.windows is None:
        digests[SERVER] = _digest(server.get("hostPort"))
    return digests


def changes(before: Any, now: Any, path: str = "", keys: Sequence[str] = _MATTERS) -> Iterator[str]:
    """The key paths in which two workflows, as they are written, differ in what ``keys`` hold."""
    if path == "":
        for key in keys:
            yield from changes((before or {}).get(key), now.get(key), key)
    elif isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            yield from changes(before.get(key), now.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from changes(old, new, f"{path}.{index}")
    elif before != now:
        yield path


def _read(spec: ComponentSpec) -> Any:
    # Only a source is told by its context what to do.
    return _model(spec, "sourceConfig") if spec.kind == "source" else None


def _model(spec: ComponentSpec, key: str) -> Any:
    found = json.loads(spec.context).get(key)
    return None if found is None else json.loads(found[2])


def _digest(*values: Any) -> str:
    text = _HANDLE.sub("vault", json.dumps(values, sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
