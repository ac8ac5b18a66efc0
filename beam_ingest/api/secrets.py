"""Secrets: a value that is never in a repr, a pickle, JSON, a log or an error.

A ``Secret`` field holds a *reference* until a worker calls ``get()``:

* ``${NAME}`` or ``$NAME`` in the workflow: the environment variable, read on the worker;
* ``file:/path``: the file's content without its last line break, read on the worker;
* ``gcp-secret:projects/P/secrets/S``: from a secret store, read on the worker (``secret_store``);
* a literal, and text around a variable: kept in this process's vault, referred to by
  ``vault:<handle>``. The launcher hands the vault to local worker processes through their
  environment (``vault``); a remote runner refuses such a workflow.

So a component's configuration can be serialized as it is: only references are in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, core_schema

from beam_ingest.api import vault
from beam_ingest.api.errors import FatalError
from beam_ingest.api.secret_store import is_stored, read_stored
from beam_ingest.api.url_secrets import holds_secret

MASK = "**********"
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_HANDLE = re.compile("vault:[0-9a-f]{16}")
_in_use: dict[str, str] = {}


class Expanded(str):
    """A string of the workflow in which variables were expanded; ``reference`` is as written."""

    reference: str

    def __new__(cls, value: str, reference: str) -> Expanded:
        """Both spellings at once."""
        text = super().__new__(cls, value)
        text.reference = reference
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Expanded, (str(self), self.reference)


class Secret:
    """A reference to a secret value. Equal when the references are equal."""

    __slots__ = ("_reference",)

    def __init__(self, value: str) -> None:
        reference = _reference_of(value)
        if reference is None:
            reference = f"vault:{vault.keep(str(value))}"
        self._reference = reference

    @property
    def reference(self) -> str:
        """What may be serialized: ``${NAME}``, ``file:/path`` or ``vault:<handle>``."""
        return self._reference

    @property
    def is_literal(self) -> bool:
        """Whether the workflow holds the value itself instead of a reference to it."""
        return self._reference.startswith("vault:")

    @property
    def is_stored(self) -> bool:
        """Whether the reference leads into a secret store."""
        return is_stored(self._reference)

    def get(self) -> str:
        """The value. Raises ``FatalError`` where the reference leads nowhere.

        A secret store may raise ``TransientError`` too.
        """
        if self.is_literal:
            value = vault.held(self._reference.removeprefix("vault:"))
        elif self._reference.startswith("file:"):
            value = _from_file(self._reference.removeprefix("file:"))
        elif self.is_stored:
            value = read_stored(self._reference)
        else:
            value = expand(self._reference, os.environ)
        _in_use[self._reference] = value
        return value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._reference == self._reference

    def __hash__(self) -> int:
        return hash(self._reference)

    def __reduce__(self) -> tuple[Any, ...]:
        return _of_reference, (self._reference,)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda secret: secret.reference, when_used="always"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "password",
            "description": "A secret: ${VARIABLE}, file:/path, gcp-secret:NAME, or the value.",
        }


def _references(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Mapping):
        return {key: _references(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_references(item) for item in value]
    return value


Option = Annotated[Any, PlainSerializer(_references)]
"""A value of a free-form mapping: anything JSON has, or a ``Secret``."""


def secret_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """``options`` with every value that came from a variable or ``file:`` as a ``Secret``.

    Free-form mappings (``connectionOptions``) may hold a secret under any name, so in them
    every referenced value stays a reference. A literal under a name that says what it is
    (password, token, secret, key) becomes one too, and a URL with a password in it.
    """
    return {key: _secret_value(key, value) for key, value in (options or {}).items()}


Options = Annotated[dict[str, Option], AfterValidator(secret_options)]
"""A free-form mapping (``connectionOptions``) in which referenced values stay references."""


def resolve_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping with its secrets' values, for the worker. Raises ``FatalError``."""
    return {key: _resolve(value) for key, value in options.items()}


def expand(text: str, environment: Mapping[str, str]) -> str:
    """``text`` with ``$NAME`` and ``${NAME}`` replaced. Raises ``FatalError`` for an unset one."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environment:
            raise FatalError(
                f"the environment variable {name} is not set on this worker",
                hint=f"set {name} where the worker runs, or use a file: reference",
            )
        return environment[name]

    return _VARIABLE.sub(value, text)


def variables(text: str) -> list[str]:
    """The names of the variables in ``text``, in order. A ``$`` before anything else is itself."""
    return [match[1] or match[2] for match in _VARIABLE.finditer(text)]


def is_reference(text: str) -> bool:
    """Whether a secret written as ``text`` is a reference, not the value itself."""
    return text.startswith("file:") or is_stored(text) or _VARIABLE.fullmatch(text) is not None


def values_in_use() -> list[str]:
    """The values that this process has read or was given, the longest first: to be hidden.

    What is encoded, as in a URL, also as it is decoded.
    """
    values = {*vault.values(), *_in_use.copy().values()}
    values |= {unquote(value) for value in values if "%" in value}
    return sorted(values, key=len, reverse=True)


def names_a_secret(key: str) -> bool:
    """Whether a key is called like a secret: password, token, private key and the like."""
    return _NAMES.search(key) is not None


def _validate(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Secret(str(value))
    raise ValueError("a secret is a string: ${VARIABLE}, file:/path, or the value itself")


def _reference_of(value: str) -> str | None:
    written = value.reference if isinstance(value, Expanded) else value
    if _HANDLE.fullmatch(written):
        return written
    if not is_reference(written):
        return None
    return str(value) if written.startswith("file:") or is_stored(written) else written


def _of_reference(reference: str) -> Secret:
    secret = Secret.__new__(Secret)
    secret._reference = reference
    return secret


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FatalError(
            f"the secret file {path} cannot be read: {reason}",
            hint="check the path and its permissions on the worker",
        ) from None


_NAMES = re.compile(
    r"passw|passphrase|secret|token|credential|private|authorization|cookie"
    r"|(api|access|account|consumer|shared|ssl).?key",
    re.IGNORECASE,
)


def _secret_value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return secret_options(value)
    if isinstance(value, list):
        return [_secret_value(key, item) for item in value]
    if isinstance(value, str) and (
        isinstance(value, Expanded)
        or value.startswith(("file:", "vault:"))
        or is_stored(value)
        or _VARIABLE.fullmatch(value)
        or names_a_secret(key)
        or holds_secret(value)
    ):
        return Secret(value)
    return value


def _resolve(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.get()
    if isinstance(value, Mapping):
        return resolve_options(value)
    if isinstance(value, list):
        return [_resolve(item) for item in value]
    return value
