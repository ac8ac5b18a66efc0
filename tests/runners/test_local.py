"""Literal secrets are handed to worker processes, and to nobody else."""

from __future__ import annotations

import os
import subprocess
import sys

from beam_ingest import Secret
from beam_ingest.runners.local import secrets_for_workers


def handed(secret: Secret) -> bool:
    return any(name.endswith(secret.reference.removeprefix("vault:")) for name in os.environ)


def test_worker_processes_inherit_literal_secrets_while_they_are_started() -> None:
    secret = Secret("a literal value")
    assert not handed(secret)
    with secrets_for_workers(2):
        assert handed(secret)
        assert "a literal value" not in os.environ.values()
        assert in_another_process(secret) == "a literal value"
    assert not handed(secret)


def in_another_process(secret: Secret) -> str:
    code = (
        "import sys; from pydantic import TypeAdapter; from beam_ingest import Secret; "
        "print(TypeAdapter(Secret).validate_json(sys.argv[1]).get())"
    )
    command = [sys.executable, "-c", code, f'"{secret.reference}"']
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_one_process_needs_to_hand_on_nothing() -> None:
    secret = Secret("another literal value")
    with secrets_for_workers(1):
        assert not handed(secret)
    assert secret.get() == "another literal value"
