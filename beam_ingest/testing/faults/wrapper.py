"""What all wrappers do: build the wrapped component, pass on, and let the script have its way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Generic, TypeVar

from beam_ingest.api.component import Check, Component
from beam_ingest.api.outcomes import WRITTEN, Outcome
from beam_ingest.api.record import name_of
from beam_ingest.api.source import Split, UncheckedSourceConfig
from beam_ingest.testing.faults.script import FaultScript

T = TypeVar("T")
C = TypeVar("C", bound=Component)


class Wrapper(Component, Generic[C]):
    """What all wrappers do."""

    @cached_property
    def wrapped(self) -> C:
        """The wrapped component."""
        cls: Any = self.config.wrapped_class(self.config.wraps)
        context = self.context
        given = context.source_config
        if isinstance(given, UncheckedSourceConfig) and hasattr(cls, "SourceConfig"):
            # The wrapper took any keys, since it could not know whose they are.
            keys = given.model_dump(mode="json", by_alias=True, exclude_unset=True)
            context = replace(context, source_config=cls.SourceConfig.model_validate(keys))
        component: C = cls(self.config.config, context)
        return component

    @cached_property
    def script(self) -> FaultScript:
        """The faults."""
        return FaultScript(self.config.faults, counter=self.config.counter)

    def open(self) -> None:
        """Open the wrapped component."""
        self.call("open", self.wrapped.open)

    def close(self) -> None:
        """Close the wrapped component, and repair the disk."""
        try:
            self.call("close", self.wrapped.close)
        finally:
            self.script.close()

    def checks(self) -> Iterable[Check]:
        """The checks of the wrapped component."""
        return self.wrapped.checks()

    def call(
        self, on: str, call: Callable[[], T], *, split: str | None = None, names: Sequence[str] = ()
    ) -> T:
        """What ``call`` gives, unless the script has a fault for the method ``on``."""
        with self.script.call(on, split=split, names=tuple(names)):
            return call()

    def each(self, on: str, items: Iterable[T], split: str | None = None) -> Iterator[T]:
        """The items of a reading, until the script has a fault for one."""
        for number, item in enumerate(items, 1):
            key = item.key if isinstance(item, Split) else split
            self.script.at(on, number, split=key, names=names_of([item]))
            yield item

    def told(
        self,
        on: str,
        call: Callable[[], Iterable[Outcome] | None],
        count: int,
        names: Sequence[str] = (),
    ) -> Iterable[Outcome] | None:
        """The outcomes of a call, one too few or too many where the script says so."""
        with self.script.call(on, names=tuple(names)) as due:
            for _ in range(1 + sum(fault.again for fault in due)):
                outcomes = call()
                told = None if outcomes is None else list(outcomes)
        for fault in due:
            if fault.again:
                continue
            told = [WRITTEN] * count if told is None else told
            told = told[:-1] if fault.outcomes == "short" else [*told, WRITTEN]
        return told


def names_of(items: Iterable[Any]) -> tuple[str, ...]:
    """What a fault's ``record`` is compared with."""
    return tuple(name_of(item) for item in items)
