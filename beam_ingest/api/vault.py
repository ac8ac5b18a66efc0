"""The vault: secrets that a workflow holds as they are, kept in this process, known by handles.

The launcher hands it to local worker processes through their environment: readable by the same
user only, and in no file and no argument list.
"""

from __future__ import annotations

import os
import secrets as _random
from base64 import b64decode, b64encode

from beam_ingest.api.errors import FatalError

_VARIABLE = "BEAM_INGEST_VAULT_"
_vault: dict[str, str] = {}


def keep(value: str) -> str:
    """Put ``value`` in the vault; a new handle."""
    handle = _random.token_hex(8)
    _vault[handle] = value
    return handle


def handle_of(value: str) -> str:
    """A handle of ``value``, the same one each time."""
    return next((handle for handle, held in _vault.items() if held == value), None) or keep(value)


def held(handle: str) -> str:
    """The value, here or in the launcher. Raises ``FatalError`` where it is in neither."""
    if handle in _vault:
        return _vault[handle]
    encoded = os.environ.get(_VARIABLE + handle)
    if encoded is None:
        raise FatalError(
            "a secret that the workflow holds as plain text did not reach this worker",
            hint="write it as ${VARIABLE} or file:/path",
        )
    return b64decode(encoded).decode("utf-8", "surrogatepass")


def values() -> set[str]:
    """What this process keeps."""
    return set(_vault.copy().values())


def vault_environment() -> dict[str, str]:
    """Environment variables that hand this process's vault to a local child."""
    # Encoded, since an environment holds no NUL and no lone surrogates.
    return {
        _VARIABLE + handle: b64encode(value.encode("utf-8", "surrogatepass")).decode("ascii")
        for handle, value in _vault.items()
    }
