"""Where the secrets of a workflow are: checked, and masked in what is stored of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from beam_ingest.api.hiding import hide
from beam_ingest.api.secret_store import stored_fault
from beam_ingest.api.secrets import MASK, Secret, is_reference, names_a_secret, variables
from beam_ingest.api.url_secrets import holds_secret
from beam_ingest.config.findings import Findings
from beam_ingest.config.place import Place
from beam_ingest.config.problem import KeyPath

_REACHABLE = (
    "write it as file:/path, a file that the workers can read, or as "
    "gcp-secret:projects/PROJECT/secrets/NAME"
)


def check_secrets(
    findings: Findings, model: BaseModel, path: KeyPath, place: Place
) -> list[KeyPath]:
    """Check the secrets of ``model``, which stands at ``path``; the places of literal ones.

    A file has to be readable where the workers are on this machine. What only this process has,
    a literal or a variable, is not let through where they are not its own.
    """
    inside = place is Place.INSIDE
    literal = []
    for here, secret in _secrets(model, path):
        if not isinstance(secret, Secret):
            findings.problem(
                here,
                f"the type {type(secret).__name__} loses its value on the way to a worker",
                "use beam_ingest.Secret in the component's Config",
            )
        elif secret.is_literal:
            literal.append(here)
            if not inside:
                findings.problem(
                    here,
                    "a secret is written in plain text, and would be sent to remote workers",
                    _REACHABLE,
                )
        elif secret.reference.startswith("file:"):
            if place is not Place.ELSEWHERE:
                _check_file(findings, here, Path(secret.reference.removeprefix("file:")))
        elif secret.is_stored:
            if (fault := stored_fault(secret.reference)) is not None:
                findings.problem(here, *fault)
        elif not inside:
            names = ", ".join(variables(secret.reference))
            findings.problem(
                here, f"the variable {names} of this process does not reach the workers", _REACHABLE
            )
    if not inside:
        for here in _with_url_secrets(
            model.model_dump(mode="json", by_alias=True, exclude_unset=True), path
        ):
            findings.problem(
                here,
                "a URL holds a password or token in plain text, and would go to remote workers",
                "take it out of the URL: the component needs a key of its own for it",
            )
    return literal


def masked(document: Any, literal: Iterable[KeyPath]) -> Any:
    """``document`` without secrets: references stay; literals and passwords in URLs don't."""
    return _masked(document, (), {_form(path) for path in literal}, secret=False)


def _masked(value: Any, path: KeyPath, literal: set[KeyPath], *, secret: bool) -> Any:
    secret = secret or _form(path) in literal
    if isinstance(value, dict):
        return {
            key: _masked(item, (*path, key), literal, secret=secret or names_a_secret(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _masked(item, (*path, index), literal, secret=secret)
            for index, item in enumerate(value)
        ]
    if value is None or isinstance(value, bool):
        return value
    if secret and not is_reference(str(value)):
        return MASK
    return hide(value) if isinstance(value, str) else value


def _with_url_secrets(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, str):
        if holds_secret(value):
            yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _with_url_secrets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _with_url_secrets(item, (*path, index))


def _form(path: KeyPath) -> KeyPath:
    # A key may be written as in YAML or as in Python: jwtToken, jwt_token.
    return tuple(part if isinstance(part, int) else part.replace("_", "").lower() for part in path)


def _check_file(findings: Findings, here: KeyPath, path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        findings.problem(here, f"the secret's file cannot be read: {reason}", f"look at {path}")


def _secrets(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Every secret in a model, and where it stands by the keys of the workflow."""
    if isinstance(value, (Secret, SecretStr, SecretBytes)):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            # A connection that the server will give has no values yet.
            inner = getattr(value, name, None)
            yield from _secrets(inner, (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _secrets(item, (*path, index))
