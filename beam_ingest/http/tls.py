"""TLS of a session: whom to trust, and who we are."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter

from beam_ingest.api.errors import FatalError

_PEM = "-----BEGIN "


@dataclass(frozen=True, slots=True, repr=False)
class Tls:
    """``verify`` False trusts anybody. The others are paths of PEM files, or their text.

    ``ca`` replaces the usual authorities; ``certificate`` and ``key`` are the client's own.
    ``keys`` and ``trust`` say in messages what of the configuration they come from.
    """

    verify: bool = True
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    keys: str = field(default="sslConfig", compare=False)
    trust: str = field(default="verifySSL: validate with sslConfig.caCertificate", compare=False)

    @property
    def is_default(self) -> bool:
        """Whether nothing differs from what every session does."""
        return self == Tls()

    def context(self) -> ssl.SSLContext:
        """The context of it. Raises ``FatalError`` for a file that cannot be used."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            if self.ca:
                context = _trusting(self.ca, context)
            elif self.verify:
                context.load_verify_locations(cafile=certifi.where())
            if self.certificate:
                _present(context, self.certificate, self.key)
        except (OSError, ValueError) as error:
            # ssl.SSLError is an OSError; its text names no content of the file.
            raise FatalError(
                f"the TLS certificates of {self.keys} cannot be used: {_reason(error)}",
                hint="each is a path of a PEM file on the worker, or the PEM text itself",
            ) from None
        return context


class TlsAdapter(HTTPAdapter):
    """An adapter whose connections use one given context and nothing else."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        self._context = context
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As the base class, with the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """As the base class, with the context."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """The host only: certificates are the context's business, not the request's."""
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to set on the connection: the context says all."""


def _trusting(ca: str, context: ssl.SSLContext) -> ssl.SSLContext:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname = context.check_hostname
    own.verify_mode = context.verify_mode
    if ca.startswith(_PEM):
        own.load_verify_locations(cadata=ca)
    elif Path(ca).is_dir():
        own.load_verify_locations(capath=ca)
    else:
        own.load_verify_locations(cafile=ca)
    return own


def _present(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    # OpenSSL takes these from files only: PEM text goes through one that is gone at once.
    with tempfile.TemporaryDirectory(prefix="beam-ingest-") as folder:
        certificate = _as_file(certificate, Path(folder) / "certificate.pem")
        key = _as_file(key, Path(folder) / "key.pem") if key else None
        context.load_cert_chain(certificate, key)


def _as_file(value: str, path: Path) -> str:
    if not value.startswith(_PEM):
        return value
    path.touch(mode=0o600)
    path.write_text(value)
    return str(path)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "a file does not exist"
    if isinstance(error, ssl.SSLError):
        return error.reason or "not in PEM format"
    return getattr(error, "strerror", None) or "not in PEM format"
