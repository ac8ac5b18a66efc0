"""The tags of an entity in its document: those of its columns too, and the tier apart."""

from __future__ import annotations

from collections import Counter
from typing import Any

Json = dict[str, Any]

_TIER = "Tier."


def add_tags(document: Json, of_columns: list[Json]) -> None:
    """Put ``tags``, what is told of them, and ``tier`` where there is one into ``document``."""
    own = document.get("tags") or []
    by_name = {tag["tagFQN"]: tag for tag in (*own, *of_columns)}
    tiers = [tag for tag in own if tag["tagFQN"].startswith(_TIER)]
    tags = [tag for name, tag in by_name.items() if not name.startswith(_TIER)]
    document["tags"] = tags
    if tiers:
        document["tier"] = tiers[0]
    for key, source in (("classificationTags", "Classification"), ("glossaryTags", "Glossary")):
        document[key] = [
            tag["tagFQN"] for tag in tags if tag.get("source", "Classification") == source
        ]
    document["tagSources"] = _sources(tags)
    document["tierSources"] = _sources(tiers)


def _sources(tags: list[Json]) -> dict[str, int]:
    return dict(Counter(tag.get("labelType", "Automated") for tag in tags))
