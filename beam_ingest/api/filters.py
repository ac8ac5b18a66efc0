"""Include and exclude patterns, as OpenMetadata means them.

``re.match`` (from the start, not the whole), case-insensitive; excludes win; with includes only
what matches one passes. OpenMetadata's ``filter_pattern`` helpers are the source of the rule.
"""

from __future__ import annotations

import re
from functools import cached_property

from pydantic import field_validator

from beam_ingest.api.config_model import ConfigModel


class FilterPattern(ConfigModel):
    """``includes`` and ``excludes``: regular expressions on a name, or on its FQN."""

    includes: list[str] | None = None
    excludes: list[str] | None = None

    @field_validator("includes", "excludes")
    @classmethod
    def _compiles(cls, patterns: list[str] | None) -> list[str] | None:
        for pattern in patterns or ():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"{pattern!r} is not a regular expression: {error.msg}; "
                    "a name as it is: put a backslash before each of .^$*+?{}[]|()"
                ) from None
        return patterns

    def passes(self, name: str) -> bool:
        """Whether ``name`` is to be read."""
        if any(pattern.match(name) for pattern in self._excludes):
            return False
        return not self._includes or any(pattern.match(name) for pattern in self._includes)

    @cached_property
    def _includes(self) -> list[re.Pattern[str]]:
        return [re.compile(pattern, re.IGNORECASE) for pattern in self.includes or ()]

    @cached_property
    def _excludes(self) -> list[re.Pattern[str]]:
        return [re.compile(pattern, re.IGNORECASE) for pattern in self.excludes or ()]


def passes(pattern: FilterPattern | None, name: str) -> bool:
    """Whether ``name`` passes ``pattern``; without one everything does."""
    return pattern is None or pattern.passes(name)
