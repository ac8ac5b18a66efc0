"""Stage ``file``: every record is a JSON line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.stage import Stage


class FileStage(Stage):
    """Stores each record as one JSON line in the run directory, for any bulk sink to publish."""

    class Config(ConfigModel):
        """Nothing to set: staged files live in the run directory (``beam.workDir``)."""

        filename: Annotated[
            str | None,
            Ignored(
                "staged files are kept in the run directory; a file of your own is written by "
                "the bulk sink or sink 'file'"
            ),
        ] = Field(None, description="OpenMetadata's key for the staging file; not used.")
