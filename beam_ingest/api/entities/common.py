"""Parts that several entities have: references, tags."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beam_ingest.api.entities.base import EntityPart


class EntityReference(EntityPart):
    """A reference to an entity the server holds, by id or by fully qualified name."""

    id: str | None = None
    type: str
    name: str | None = None
    fully_qualified_name: str | None = None
    display_name: str | None = None


class TagLabel(EntityPart):
    """A tag or glossary term on an entity or a column."""

    tag_fqn: Annotated[str, Field(alias="tagFQN")]
    name: str | None = None
    description: str | None = None
    source: Literal["Classification", "Glossary"] = "Classification"
    label_type: Literal["Manual", "Propagated", "Automated", "Derived", "Generated"] = "Automated"
    state: Literal["Suggested", "Confirmed"] = "Suggested"
