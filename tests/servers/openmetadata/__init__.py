"""A fake of an OpenMetadata server: strict, stateful, with scripted faults, counting.

It answers as a real 1.12.6 server was recorded to answer (``tests/data/openmetadata``), and is
strict by OpenMetadata's published models (``schema.json``).
"""

from __future__ import annotations

from tests.servers.openmetadata.faults import Fault
from tests.servers.openmetadata.server import (
    BOT_TOKEN,
    EXPIRED_TOKEN,
    FORBIDDEN_TOKEN,
    PERSON_TOKEN,
    FakeOpenMetadata,
)

__all__ = [
    "BOT_TOKEN", "EXPIRED_TOKEN", "FORBIDDEN_TOKEN", "PERSON_TOKEN", "FakeOpenMetadata", "Fault",
]  # fmt: skip
