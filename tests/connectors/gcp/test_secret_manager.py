"""A ``gcp-secret:`` reference is read where it is needed; what cannot be read says why."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions

from beam_ingest.api.errors import FatalError, IngestError, MissingDependency, TransientError
from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.gcp import secret_manager
from beam_ingest.connectors.gcp.secret_manager import SecretManager


class Client:
    """Answers with ``answer``, or raises it."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def access_secret_version(self, *, name: str, timeout: float) -> Any:
        self.asked.append(name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return SimpleNamespace(payload=SimpleNamespace(data=self.answer))


def test_the_latest_version_is_read_unless_one_is_named() -> None:
    client = Client("pässword\n".encode())
    assert SecretManager(client).read("projects/p/secrets/s") == "pässword"
    SecretManager(client).read("projects/p/secrets/s/versions/3")
    assert client.asked == [
        "projects/p/secrets/s/versions/latest",
        "projects/p/secrets/s/versions/3",
    ]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (exceptions.PermissionDenied("no access"), FatalError),
        (exceptions.NotFound("no such secret"), FatalError),
        (exceptions.ServiceUnavailable("busy"), TransientError),
        (exceptions.ResourceExhausted("slow down"), TransientError),
    ],
)
def test_what_cannot_be_read_says_which_secret_and_why(
    raised: Exception, kind: type[IngestError]
) -> None:
    with pytest.raises(kind) as caught:
        SecretManager(Client(raised)).read("projects/p/secrets/s")
    assert "projects/p/secrets/s/versions/latest cannot be read: " in caught.value.message


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.secretmanager", None)
    with pytest.raises(MissingDependency) as caught:
        SecretManager().read("projects/p/secrets/s")
    assert "pip install 'beam-ingest[gcp-secret]'" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["s", "projects/p", "projects/p/secrets/s/versions/x", "a b"])
def test_a_name_is_checked_before_the_run(name: str) -> None:
    assert SecretManager().fault(name) is not None


def test_a_reference_stays_one_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = "gcp-secret:projects/p/secrets/s"
    secret = Secret(reference)
    assert (secret.reference, secret.is_literal, secret.is_stored) == (reference, False, True)
    monkeypatch.setattr(secret_manager.SecretManager, "read", lambda self, name: f"value of {name}")
    assert secret.get() == "value of projects/p/secrets/s"


def test_a_password_that_looks_like_a_store_that_is_not_there_is_a_password() -> None:
    assert Secret("acme-secret:x").is_literal
