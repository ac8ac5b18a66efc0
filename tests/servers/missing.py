"""What a test does where a server is not installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(server: str, package: str) -> NoReturn:
    """Fail on continuous integration; elsewhere skip, and say how to get it."""
    message = f"{server} is not installed: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
