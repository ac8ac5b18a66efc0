"""What all entities share: JSON names, a fully qualified name, a stable hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from beam_ingest.api import fqn

_FREE_FORM = ('"extension":', '"connection":')
"""The keys of entities whose values are mappings with any keys."""


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
        """32 hexadecimal digits: the MD5 of the JSON of the create request.

        The same across runs, versions of Python and the order of keys. Raises ``ValueError`` for
        a text that is no Unicode (a lone surrogate).
        """
        # Asked of every entity. Fields are written in the order of the class; only free-form
        # mappings have keys in an order of their own.
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        if any(key in text for key in _FREE_FORM):
            text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
