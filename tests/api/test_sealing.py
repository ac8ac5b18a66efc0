"""A configuration on its way to a worker: the secrets in its URLs stay behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api import vault
from beam_ingest.api.errors import FatalError
from beam_ingest.api.hiding import hide
from beam_ingest.api.sealing import sealed, unsealed

WRITTEN: dict[str, Any] = {
    "hostPort": "https://me:s3cr3t-one@host:8585/api",
    "inner": {"urls": ["http://plain:80", "http://x/?access_token=s3cr3t-two&n=1"]},
    "http://k:s3cr3t-three@host": 1,
    "token": ["https://s3cr3t-four@host/x", "https://s3cr3t-five:@host"],
    "note": "me:no@secret, \u00e9",
}


def test_nothing_of_a_password_is_in_what_travels() -> None:
    text = sealed(json.dumps(WRITTEN))
    assert "s3cr3t" not in text
    value = json.loads(text)
    assert value["hostPort"].startswith("https://me:{vault:")
    assert value["hostPort"].endswith("}@host:8585/api")
    assert value["token"][0].startswith("https://{vault:")
    assert value["token"][1].endswith("}:@host")
    assert value["note"] == WRITTEN["note"]
    assert json.loads(unsealed(text)) == WRITTEN


def test_the_same_is_sealed_the_same_way_and_once() -> None:
    text = sealed(json.dumps(WRITTEN))
    assert sealed(json.dumps(WRITTEN)) == text
    assert sealed(text) == text


def test_a_worker_has_it_from_its_launcher_and_hides_it_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = sealed('"http://me:only-the-launcher-knew@host"')
    for name, value in vault.vault_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(vault, "_vault", {})
    assert unsealed(text) == '"http://me:only-the-launcher-knew@host"'
    assert hide("cannot log in with only-the-launcher-knew") == "cannot log in with **********"


def test_elsewhere_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sealed('"http://me:stays-at-home@host"')
    monkeypatch.setattr(vault, "_vault", {})
    with pytest.raises(FatalError, match="did not reach this worker"):
        unsealed(text)


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner)))
def test_what_is_no_url_is_as_it_was(value: Any) -> None:
    assert json.loads(unsealed(sealed(json.dumps(value)))) == value
