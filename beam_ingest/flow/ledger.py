"""The ledger: what became of the records at each step. It travels in the batch, ends in the mark.

At every step, always: ``in = passed + filtered + failed``. ``out`` is what came out of the step
(two of one: 2); ``unchanged`` are those of ``passed`` that the sink did not have to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beam_ingest.api.hiding import hide

EXAMPLES = 3
"""How many record names a failure keeps as examples."""
REASONS = 50
"""How many distinct reasons a step keeps in one ledger; the rest is counted as one more."""
TEXT_LENGTH = 300
"""How many characters of a reason, and of a record's name, are kept."""

_OTHER = "(other reasons)"


@dataclass(slots=True)
class Counts:
    """The counts of one step."""

    in_: int = 0
    passed: int = 0
    filtered: int = 0
    failed: int = 0
    out: int = 0
    unchanged: int = 0

    def add(self, other: Counts) -> None:
        """Add ``other`` to these."""
        self.in_ += other.in_
        self.passed += other.passed
        self.filtered += other.filtered
        self.failed += other.failed
        self.out += other.out
        self.unchanged += other.unchanged

    def to_json(self) -> list[int]:
        """Six numbers: in, passed, filtered, failed, out, unchanged."""
        return [self.in_, self.passed, self.filtered, self.failed, self.out, self.unchanged]


@dataclass(slots=True)
class Reason:
    """How often one reason was met, with the names of a few records."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    hint: str | None = None

    def add(self, name: str, count: int = 1, hint: str | None = None) -> None:
        """Count ``name`` in."""
        self.count += count
        self.hint = self.hint or hint
        if name and len(self.examples) < EXAMPLES:
            name = _cut(name)
            if name not in self.examples:
                self.examples.append(name)


class Ledger:
    """Counts and reasons by step."""

    __slots__ = ("drops", "reasons", "steps")

    def __init__(self) -> None:
        self.steps: dict[str, Counts] = {}
        self.reasons: dict[tuple[str, str], Reason] = {}
        self.drops: dict[tuple[str, str], int] = {}

    def step(self, name: str) -> Counts:
        """The counts of a step, made on first use."""
        counts = self.steps.get(name)
        if counts is None:
            counts = self.steps[name] = Counts()
        return counts

    def reason(
        self, step: str, why: str, name: str, *, count: int = 1, hint: str | None = None
    ) -> None:
        """Note why ``name`` failed at ``step``. Does not count it as failed."""
        key = (step, _first_line(hide(why)))
        if key not in self.reasons and _is_full(self.reasons, step):
            key = (step, _OTHER)
        hint = None if hint is None else hide(hint)
        self.reasons.setdefault(key, Reason()).add(name, count, hint)

    def dropped(self, step: str, why: str, count: int = 1) -> None:
        """Note why a record was filtered. Does not count it as filtered."""
        key = (step, _first_line(hide(why)))
        if key not in self.drops and _is_full(self.drops, step):
            key = (step, _OTHER)
        self.drops[key] = self.drops.get(key, 0) + count

    def add(self, other: Ledger) -> None:
        """Add all of ``other``."""
        for name, counts in other.steps.items():
            self.step(name).add(counts)
        for (step, why), reason in other.reasons.items():
            self.reason(step, why, "", count=reason.count, hint=reason.hint)
            for name in reason.examples:
                self.reason(step, why, name, count=0)
        for (step, why), count in other.drops.items():
            self.dropped(step, why, count)

    @property
    def failed(self) -> int:
        """Failed records over all steps."""
        return sum(counts.failed for counts in self.steps.values())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read back by ``from_json``."""
        return {
            "steps": {name: counts.to_json() for name, counts in self.steps.items()},
            "reasons": [
                {
                    "step": step,
                    "reason": why,
                    "count": reason.count,
                    "examples": reason.examples,
                    **({"hint": reason.hint} if reason.hint else {}),
                }
                for (step, why), reason in self.reasons.items()
            ],
            "drops": [[step, why, count] for (step, why), count in self.drops.items()],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ledger:
        """The ledger that ``to_json`` wrote."""
        ledger = cls()
        for name, numbers in value["steps"].items():
            ledger.steps[name] = Counts(*numbers)
        for item in value["reasons"]:
            ledger.reasons[item["step"], item["reason"]] = Reason(
                item["count"], list(item["examples"]), item.get("hint")
            )
        for step, why, count in value["drops"]:
            ledger.drops[step, why] = count
        return ledger


def unbalanced(steps: Iterable[tuple[str, Counts]]) -> list[str]:
    """The steps at which the rule of this module does not hold; empty is right."""
    return [
        name
        for name, counts in steps
        if counts.in_ != counts.passed + counts.filtered + counts.failed
    ]


def _is_full(known: Mapping[tuple[str, str], object], step: str) -> bool:
    return len(known) >= REASONS and sum(name == step for name, _ in known) >= REASONS


def _first_line(text: str) -> str:
    return _cut(text.strip().split("\n", 1)[0])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"
