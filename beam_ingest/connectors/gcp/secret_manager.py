"""Google's Secret Manager: ``gcp-secret:projects/P/secrets/S``, its latest version or a named one.

Workers log in as the service account that they run as (application default credentials); it
needs the role Secret Manager Secret Accessor.
"""

from __future__ import annotations

import re
from typing import Any

from beam_ingest.api.errors import FatalError, MissingDependency, TransientError
from beam_ingest.api.secret_store import SecretStore

_NAME = re.compile(r"projects/[^/\s]+/secrets/[\w-]+(/versions/(latest|\d+))?")
_TIMEOUT = 30.0
"""Seconds."""


class SecretManager(SecretStore):
    """``client`` is a ``SecretManagerServiceClient``; by default one is made."""

    def __init__(self, client: Any = None) -> None:
        self._client = client

    def fault(self, name: str) -> tuple[str, str | None] | None:
        """A name is ``projects/P/secrets/S``, with ``/versions/V`` or without."""
        if _NAME.fullmatch(name):
            return None
        return (
            "it is no name of a secret in Google's Secret Manager",
            "write gcp-secret:projects/PROJECT/secrets/NAME, and /versions/N for one version",
        )

    def read(self, name: str) -> str:
        """As ``SecretStore.read``."""
        try:
            from google.api_core import exceptions
            from google.auth.exceptions import GoogleAuthError
            from google.cloud.secretmanager import SecretManagerServiceClient
        except ImportError:
            raise MissingDependency(
                "a gcp-secret: reference needs Google's Secret Manager library",
                hint="pip install 'beam-ingest[gcp-secret]', also where the workers run",
            ) from None
        version = name if "/versions/" in name else f"{name}/versions/latest"
        try:
            client = self._client or SecretManagerServiceClient()
            answer = client.access_secret_version(name=version, timeout=_TIMEOUT)
        except (exceptions.ServerError, exceptions.TooManyRequests, exceptions.RetryError) as error:
            raise TransientError(f"the secret {version} cannot be read: {_text(error)}") from None
        except (exceptions.GoogleAPICallError, GoogleAuthError) as error:
            raise FatalError(
                f"the secret {version} cannot be read: {_text(error)}",
                hint="the workers' service account needs the role Secret Manager Secret Accessor",
            ) from None
        return str(answer.payload.data.decode("utf-8").rstrip("\r\n"))


def _text(error: Exception) -> str:
    return str(getattr(error, "message", None) or error).partition("\n")[0]
