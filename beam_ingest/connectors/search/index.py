"""The index that a run writes: a new one behind an alias, or the one that is there.

All of it may be done again after a fault, with the same effect: names come from the run's id,
and what serves searches is never removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from abc import ABC, abstractmethod
from typing import Any

from beam_ingest.api.bulk_sink import Tally
from beam_ingest.api.errors import FatalError, NotComplete
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.connectors.search.lines import count_ids
from beam_ingest.connectors.search.mapping import index_body, loading, serving
from beam_ingest.connectors.search.server import NotFoundError, Server, refusals

Json = dict[str, Any]

_MARK = "beam_ingest"
_LOOK_EVERY = 0.25  # seconds
_LOOKS = 40


class Index(ABC):
    """What one run writes into; ``name`` is what documents are sent to."""

    name: str

    def __init__(self, server: Server, config: SearchConfig, run_id: str) -> None:
        self._server, self._indices = server, server.client.indices
        self._config, self._run_id = config, run_id
        self._alias = config.index
        self._body = index_body(config.settings, config.mappings, {"runId": run_id})

    @abstractmethod
    def begin(self) -> Json | None:
        """Make sure that it can be written; the token, None where there is nothing to undo."""

    @abstractmethod
    def look(self) -> str:
        """What a run would write, for ``test-connection``; nothing is changed."""

    @abstractmethod
    def verify(self, tally: Tally) -> None:
        """Raises ``NotComplete`` where it lacks what was published."""

    @abstractmethod
    def commit(self) -> None:
        """Let searches see all of it."""

    @abstractmethod
    def abort(self) -> None:
        """Take back what ``begin`` made, unless it serves searches."""

    def _serving(self) -> set[str]:
        """The indexes behind the alias; none where there is no such alias."""
        try:
            return set(self._indices.get_alias(name=self._alias))
        except NotFoundError:
            return set()

    def _create(self, name: str, body: Json) -> None:
        if not self._indices.exists(index=name):
            self._indices.create(index=name, body=body)

    def _mark_of(self, name: str) -> Json:
        """What the one who made an index wrote on it; empty where that was not us."""
        try:
            (found,) = self._indices.get_mapping(index=name).values()
        except NotFoundError:
            return {}
        mark = found["mappings"].get("_meta", {}).get(_MARK)
        return mark if isinstance(mark, dict) else {}


class NewIndex(Index):
    """A new index, which takes the alias over when it is complete."""

    def __init__(self, server: Server, config: SearchConfig, run_id: str) -> None:
        super().__init__(server, config, run_id)
        self.name = index_name(self._alias, run_id)

    def begin(self) -> Json:
        """Make it, in a form that is quick to fill.

        Raises ``FatalError`` where the alias' name is an index.
        """
        with refusals(f"making the index {self.name}"):
            self._replaced()
            self._create(self.name, loading(self._body))
        return {"index": self.name, "alias": self._alias}

    def look(self) -> str:
        """What the alias is of."""
        replaced = self._replaced()
        there = f", now of {', '.join(sorted(replaced))}," if replaced else ""
        return f"the alias {self._alias}{there} will be of a new index"

    def verify(self, tally: Tally) -> None:
        """The index is the one that this run made, and its count agrees."""
        with refusals(f"counting the documents of {self.name}"):
            if self._mark_of(self.name).get("runId") != self._run_id:
                raise NotComplete(
                    f"the new index {self.name} is gone, or not the one that this run has made",
                    hint="see who removes indexes, then resume the run",
                )
            self._indices.refresh(index=self.name)
            held = int(self._server.client.count(index=self.name)["count"])
        if held == tally.taken:
            return
        # Fewer, where a name came twice: then the names are counted.
        names = count_ids(tally.files)
        if not names - tally.refused <= held <= names:
            raise NotComplete(
                f"the new index {self.name} holds {held} documents, and {tally.taken} were "
                f"published under {names} names",
                hint="the alias was left as it is; resume the run to publish again",
            )

    def commit(self) -> None:
        """Swap the alias in one request; then remove the index of the run before."""
        with refusals(f"swapping the alias {self._alias}"):
            before = self._serving()
            if before != {self.name}:
                self._swap(sorted(before - {self.name}))
            self._remove_replaced()

    def abort(self) -> None:
        """Remove it, unless it serves."""
        with refusals(f"removing the index {self.name}"):
            if self.name in self._serving():
                self._remove_replaced()  # the run died between the two
            else:
                self._delete(self.name)

    def _swap(self, before: list[str]) -> None:
        # What is to be removed afterwards is written down first. Somebody else's index loses
        # the alias only.
        ours = [name for name in before if self._mark_of(name)]
        mark = {_MARK: {"runId": self._run_id, "replaces": ours}}
        self._indices.put_mapping(index=self.name, body={"_meta": mark})
        settings = serving(self._body, self._config.replicas)
        self._indices.put_settings(index=self.name, body=settings)
        self._indices.refresh(index=self.name)
        actions = [{"remove": {"index": name, "alias": self._alias}} for name in before]
        actions.append({"add": {"index": self.name, "alias": self._alias}})
        self._indices.update_aliases(body={"actions": actions})

    def _remove_replaced(self) -> None:
        """Remove what it has replaced, when the searches are over that found it under the alias."""
        replaced = self._mark_of(self.name).get("replaces", [])
        for name in set(replaced) - self._serving():
            for _ in range(_LOOKS):
                self._server.session.wait(_LOOK_EVERY)
                if not self._is_searched(name):
                    break
            self._delete(name)

    def _is_searched(self, name: str) -> bool:
        try:
            found = self._indices.stats(index=name, metric="search")
        except NotFoundError:
            return False
        return bool(found["_all"]["total"]["search"]["query_current"])

    def _delete(self, name: str) -> None:
        with contextlib.suppress(NotFoundError):
            self._indices.delete(index=name)

    def _replaced(self) -> set[str]:
        found = self._serving()
        if not found and self._indices.exists(index=self._alias):
            raise FatalError(
                f"{self._alias} is an index of {self._server.url}, and an alias cannot have its "
                "name",
                hint="write another name as 'index', or rename that index (reindex into another, "
                "and remove it); recreateIndexes: false writes into it as it is",
            )
        return found


class PresentIndex(Index):
    """The index, or the one behind the alias, that is there; made where there is none."""

    def __init__(self, server: Server, config: SearchConfig, run_id: str) -> None:
        super().__init__(server, config, run_id)
        self.name = self._alias

    def begin(self) -> None:
        """An index without our mapping gets it.

        Raises ``FatalError`` where the alias has several indexes, or the mapping does not fit.
        """
        with refusals(f"preparing the index {self.name}"):
            if not self._is_there():
                # Behind an alias, so that a later run may fill a new one and swap.
                body = {**self._body, "aliases": {self._alias: {}}}
                self._create(f"{self._alias}-1", body)
                return
            (found,) = self._indices.get_mapping(index=self.name).values()
            if "fqnHash" not in found["mappings"].get("properties", {}):
                self._indices.put_mapping(index=self.name, body=self._body["mappings"])

    def look(self) -> str:
        """Whether it is there."""
        return f"{self.name} {'is there' if self._is_there() else 'will be made'}"

    def verify(self, tally: Tally) -> None:
        """Other runs have documents in it too: there is no count to agree with."""

    def commit(self) -> None:
        """Let searches see now what was written."""
        with refusals(f"refreshing the index {self.name}"):
            self._indices.refresh(index=self.name)

    def abort(self) -> None:
        """What was written stays, each document whole."""

    def _is_there(self) -> bool:
        behind = self._serving()
        if len(behind) > 1:
            raise FatalError(
                f"{self._alias} is an alias of several indexes: {', '.join(sorted(behind))}",
                hint="write the name of one of them as 'index'",
            )
        return bool(behind) or bool(self._indices.exists(index=self.name))


def index_of(server: Server, config: SearchConfig, run_id: str) -> Index:
    """The index that a run of this configuration writes."""
    cls = NewIndex if config.recreate_indexes else PresentIndex
    return cls(server, config, run_id)


def index_name(alias: str, run_id: str) -> str:
    """The name of the new index of a run: the same each time, and of no other run."""
    readable = re.sub(r"[^a-z0-9_.-]", "-", run_id.lower())[:60]
    digest = hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{alias}-{readable}-{digest}"
