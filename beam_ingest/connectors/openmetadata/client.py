"""OpenMetadata's API, as far as it is needed here: paths, parameters, answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.connectors.openmetadata.clock import DatedSession
from beam_ingest.connectors.openmetadata.routes import Collection
from beam_ingest.http import Page, RequestRefused, cursor_pages

logger = logging.getLogger(__name__)

Json = dict[str, Any]

PAGE = 1000
"""Entities in one page of a list: what the server gives at most without complaint."""


class Client:
    """One server. Thread-safe. Raises what ``HttpSession.request`` raises.

    What the server can do is known from its version and corrected by what it answers.
    ``before_change`` is called before each request that changes what the server holds.
    """

    def __init__(self, session: DatedSession, api_version: str = "v1") -> None:
        self.session = session
        self._base = f"/{api_version}"
        self._version: tuple[int, ...] | None = None
        self.without_bulk: set[str] = set()
        self.without_delete_stale = False
        self.before_change: Callable[[], None] = lambda: None

    @property
    def ahead(self) -> float:
        """Seconds by which the server's clock is ahead of ours, as far as it has told."""
        return self.session.ahead

    def version(self) -> tuple[int, ...]:
        """The server's version, asked once: (1, 12, 6)."""
        if self._version is None:
            answer = self.session.json("GET", f"{self._base}/system/version")
            text = str(answer.get("version", "")) if isinstance(answer, dict) else ""
            found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
            if found is None:
                raise FatalError(
                    f"{self.session.server} is no OpenMetadata server: its version is {text!r}",
                    hint="hostPort is the API's address: http://localhost:8585/api",
                )
            self._version = tuple(int(part) for part in found.groups(default="0"))
        return self._version

    def has_bulk(self, collection: Collection) -> bool:
        """Whether the collection takes many entities in one request: from 1.11 on."""
        if not collection.bulk or collection.path in self.without_bulk:
            return False
        return self.version() >= (1, 11)

    def has_delete_stale(self) -> bool:
        """Whether the server finds itself what is gone: from 2.0 on."""
        return not self.without_delete_stale and self.version() >= (2,)

    def has_override(self) -> bool:
        """Whether a bulk request may overwrite what people wrote: from 2.0 on."""
        return self.version() >= (2,)

    def get(
        self,
        collection: Collection,
        fqn: str,
        *,
        fields: tuple[str, ...] = (),
        include: str = "non-deleted",
    ) -> Json | None:
        """The entity of that name, or None."""
        params = {"include": include}
        if fields:
            params["fields"] = ",".join(fields)
        path = f"{self._base}{collection.path}/name/{_encoded(fqn)}"
        try:
            return self._object(self.session.json("GET", path, params=params), path)
        except RequestRefused as refused:
            if refused.status == 404:
                return None
            raise

    def pages(
        self,
        collection: Collection,
        container: Mapping[str, str] | None = None,
        *,
        fields: tuple[str, ...] = (),
        include: str = "non-deleted",
        limit: int = PAGE,
    ) -> Iterator[Page]:
        """The pages of a list, to its end; a page that is none raises, it is never empty.

        A field that the server does not know, being older, is not asked for again.
        """
        path = f"{self._base}{collection.path}"
        params: dict[str, str | int] = {**(container or {}), "limit": limit, "include": include}
        wanted = list(fields)

        def ask(after: str | None) -> Any:
            asked = params | ({"after": after} if after else {})
            if wanted:
                asked["fields"] = ",".join(wanted)
            try:
                return self.session.json("GET", path, params=asked)
            except RequestRefused as refused:
                unknown = refused.answer.removeprefix("Invalid field name ").strip()
                if refused.status != 400 or unknown not in wanted:
                    raise
                logger.warning("%s%s has no field %s", self.session.server, path, unknown)
                wanted.remove(unknown)
                return ask(after)

        def fetch(after: str | None) -> Page:
            answer = self._object(ask(after), path)
            paging = answer.get("paging")
            if not isinstance(answer.get("data"), list) or not isinstance(paging, dict):
                raise TransientError(f"{self.session.server}{path} answered with no list")
            return Page(answer["data"], paging.get("after"), paging.get("total"))

        return cursor_pages(fetch)

    def total(
        self, collection: Collection, container: Mapping[str, str], include: str = "non-deleted"
    ) -> int:
        """How many entities a list has, without reading it."""
        return next(self.pages(collection, container, include=include, limit=0)).total or 0

    def put(self, collection: Collection, body: bytes) -> Json:
        """Create or update one entity; as it is on the server afterwards."""
        self.before_change()
        path = f"{self._base}{collection.path}"
        return self._object(self.session.json("PUT", path, body=body), path)

    def put_bulk(
        self, collection: Collection, body: bytes, *, override: bool, retry_timeouts: bool
    ) -> Json:
        """Create or update many; one result a row."""
        path = f"{self._base}{collection.path}/bulk"
        params = {"async": "false"}
        if override and self.has_override():
            params["overrideMetadata"] = "true"
        self.before_change()
        answer = self.session.json(
            "PUT", path, params=params, body=body, retry_timeouts=retry_timeouts
        )
        return self._object(answer, path)

    def delete(self, collection: Collection, id_: str) -> bool:
        """Soft-delete with what is inside; False where it is no longer there."""
        path = f"{self._base}{collection.path}/{id_}"
        params = {"hardDelete": "false", "recursive": "true"}
        self.before_change()
        return self._unless_missing(lambda: self.session.request("DELETE", path, params=params))

    def delete_stale(self, collection: Collection, request: Json) -> Json | None:
        """Have the server delete what ``request`` does not name; None where it cannot."""
        path = f"{self._base}{collection.path}/deleteStale"
        self.before_change()
        try:
            return self._object(self.session.json("DELETE", path, body=to_json(request)), path)
        except RequestRefused as refused:
            if refused.status not in (404, 405):
                raise
            self.without_delete_stale = True
            return None

    def send(self, method: str, path: str, body: Any) -> Any:
        """Any other request: ``/lineage``, ``/usage/table/{id}``; the answer's JSON."""
        data = None if body is None else to_json(body)
        self.before_change()
        return self.session.json(method, self._base + path, body=data)

    def one(self, path: str, fqn: str, params: Mapping[str, str | int]) -> Json | None:
        """What the server tells of one entity by its name: ``path/{fqn}``; None where of none."""
        whole = f"{self._base}{path}/{_encoded(fqn)}"
        try:
            return self._object(self.session.json("GET", whole, params=params), whole)
        except RequestRefused as refused:
            if refused.status == 404:
                return None
            raise

    def check_token(self) -> None:
        """Ask for something that needs one. Raises ``FatalError`` where it is not taken."""
        self.session.json("GET", f"{self._base}/services/databaseServices", params={"limit": 1})

    def _unless_missing(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except RequestRefused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def _object(self, answer: Any, path: str) -> Json:
        if not isinstance(answer, dict):
            raise TransientError(f"{self.session.server}{path} answered with no JSON object")
        return answer


def _encoded(fqn: str) -> str:
    return quote(fqn, safe="")
