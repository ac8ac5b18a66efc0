"""What ``from beam_ingest import …`` gives, and that it costs nothing until it is asked for."""

from __future__ import annotations

import subprocess
import sys

import beam_ingest


def test_every_public_name_can_be_imported() -> None:
    for name in beam_ingest.__all__:
        assert getattr(beam_ingest, name) is not None


def test_the_lazy_names_are_the_public_names() -> None:
    assert sorted([*beam_ingest._HOME, "__version__"]) == sorted(beam_ingest.__all__)


def test_importing_the_package_imports_nothing_else() -> None:
    script = "import sys, beam_ingest; print([m for m in sys.modules if 'pydantic' in m])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(beam_ingest, "Sauce")
