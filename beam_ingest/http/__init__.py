"""One HTTP session for all connectors: pool, retries, pagination."""

from __future__ import annotations

from beam_ingest.http.errors import RequestFailed, RequestRefused, RequestTimeout, ServerAway
from beam_ingest.http.pagination import Page, cursor_pages
from beam_ingest.http.resolution import Resolution, resolve
from beam_ingest.http.retry import RetryPolicy
from beam_ingest.http.session import HttpSession, Surroundings, Timeouts
from beam_ingest.http.tls import Tls

__all__ = [
    "HttpSession", "Page", "RequestFailed", "RequestRefused", "RequestTimeout", "Resolution",
    "RetryPolicy", "ServerAway", "Surroundings", "Timeouts", "Tls", "cursor_pages", "resolve",
]  # fmt: skip
