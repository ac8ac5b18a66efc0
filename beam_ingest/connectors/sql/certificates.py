"""TLS certificates that a driver wants as files."""

from __future__ import annotations

import os
from pathlib import Path

from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.sql.connection_config import SslConfig


def certificate_files(config: SslConfig | None, folder: Path) -> dict[str, str]:
    """Paths by ``ca``, ``cert`` and ``key``: as written, or of a PEM text put into ``folder``."""
    if config is None:
        return {}
    parts = {"ca": config.ca_certificate, "cert": config.ssl_certificate, "key": config.ssl_key}
    return {
        name: _path(secret, folder / f"{name}.pem")
        for name, secret in parts.items()
        if secret is not None
    }


def _path(secret: Secret, place: Path) -> str:
    text = secret.get()
    if "-----BEGIN" not in text:
        return text
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text.rstrip() + "\n")
    return str(place)
