"""What a test does where a server is not installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(server: str, package: str) -> NoReturn:
    """Where the Debian package ``package`` is not there: as ``cannot_be_had``."""
    cannot_be_had(server, f"apt-get install {package}")


def cannot_be_had(server: str, remedy: str) -> NoReturn:
    """Fail on continuous integration; elsewhere skip, and say how to get it."""
    message = f"{server} is not installed: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
