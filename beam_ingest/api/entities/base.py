"""What all entities share: JSON names, a fully qualified name, a stable hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from beam_ingest.api import fqn


class EntityPart(BaseModel):
    """A part of an entity. camelCase in JSON, snake_case in Python; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, OpenMetadata's names, without what is None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Entity(EntityPart):
    """A create request of OpenMetadata, by its JSON names.

    Sources that build entities from what they read themselves use ``model_construct``, which
    does not validate again; whatever comes from outside is validated.
    """

    entity_type: ClassVar[str]
    parent_field: ClassVar[str | None] = None

    name: str

    @property
    def fqn(self) -> str:
        """The fully qualified name, quoted by OpenMetadata's rule."""
        parent = getattr(self, self.parent_field) if self.parent_field else ""
        return fqn.join(parent or "", self.name)

    @property
    def source_hash(self) -> str:
        """32 hexadecimal digits: the MD5 of the canonical JSON of the create request.

        The same across runs, versions of Python and the order of keys.
        """
        return hash_of(self.to_dict())


def hash_of(body: dict[str, Any]) -> str:
    """The ``source_hash`` of the entity with this create request (``to_dict``)."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.md5(canonical.encode("ascii"), usedforsecurity=False).hexdigest()
