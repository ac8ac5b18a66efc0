"""Sweeping: remove what no mark names, such as the torn files of an attempt that died.

Only where nothing can still be writing: after the graph, on this machine's own disk.
"""

from __future__ import annotations

from beam_ingest.flow.fold import Fold
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore

_WRITTEN_WHOLE = ("", "marks", "merged", "published", "renamed", "retired", "tokens")
"""The folders of files that are written at once; not the heartbeats, which still go on."""


def sweep(run: RunDir, folded: Fold, *, published: bool) -> None:
    """Remove what the marks of ``run`` do not name; staged files too once all are ``published``.

    Nothing after a listing that broke off: it may not name splits that have marks, and another
    attempt lists them again.
    """
    if not isinstance(run.store, LocalStore):
        return
    run.store.sweep_temporary(_WRITTEN_WHOLE)
    if folded.listing_error is not None:
        return
    run.store.sweep("staged", frozenset() if published else frozenset(folded.staged_files))
    run.store.sweep("dead", frozenset(folded.dead_files))
    run.store.sweep("deferred", frozenset() if published else frozenset(folded.deferred_files))
