"""Processor ``filter``: which records go on."""

from __future__ import annotations

from pydantic import Field, model_validator

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import Drop
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record
from beam_ingest.processors.match import EntityTypes, Match, of_types, refuse_problems


class FilterProcessor(Processor):
    """Keeps or drops records by entity type, name, FQN and fields.

    What is dropped is counted as filtered, with the reason. Its name still counts as present:
    a server retires nothing because of this filter. A table whose schema was dropped cannot be
    written to a server that did not have the schema before, hence ``entityType``.
    """

    class Config(ConfigModel):
        """``config`` of a processor of type ``filter``. A record must pass both tests."""

        entity_type: EntityTypes | None = Field(
            None, description="Look at records of these entity types only; all others go on."
        )
        keep: Match | None = Field(None, description="Only what matches goes on.")
        drop: Match | None = Field(None, description="What matches does not go on.")
        reason: str | None = Field(None, description="The reason that the report counts by.")

        @model_validator(mode="after")
        def _does_something(self) -> FilterProcessor.Config:
            if self.keep is None and self.drop is None:
                raise ValueError("give keep, drop, or both")
            for match in (self.keep, self.drop):
                refuse_problems(match, self.entity_type or ())
            return self

    def open(self) -> None:
        """Compile the patterns."""
        types, keep, drop = self.config.entity_type, self.config.keep, self.config.drop
        self._looked_at = of_types(types) if types is not None else None
        self._keep = keep.predicate() if keep is not None else None
        self._drop = drop.predicate() if drop is not None else None

    def process(self, record: Record) -> Record:
        """``record`` as it is. Raises ``Drop`` with the reason."""
        if self._looked_at is not None and not self._looked_at(record):
            return record
        if self._keep is not None and not self._keep(record):
            raise Drop(self.config.reason or "it does not match what is kept")
        if self._drop is not None and self._drop(record):
            raise Drop(self.config.reason or "it matches what is dropped")
        return record
