"""The same versions on both sides: what a worker must have to be part of a run."""

from __future__ import annotations

import sys

import apache_beam

import beam_ingest


def versions() -> dict[str, str]:
    """What has to be the same where a run is launched and where it works, with its version.

    Of Python the minor version: what is sent from one to another is not understood.
    """
    return {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "apache-beam": apache_beam.__version__,
        "beam-ingest": beam_ingest.__version__,
    }


def mismatch(launched: dict[str, str]) -> str | None:
    """How this process differs from the ``versions`` of the launching one, or None."""
    here = versions()
    different = [
        f"{name} {here.get(name, '(none)')} instead of {wanted}"
        for name, wanted in launched.items()
        if here.get(name) != wanted
    ]
    return f"a worker has {', '.join(different)}" if different else None
