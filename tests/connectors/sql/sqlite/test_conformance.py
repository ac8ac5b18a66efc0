from pathlib import Path
from typing import ClassVar

import pyproj.datadir

from beam_ingest.testing import SourceSuite


class TestSqlite(SourceSuite):
    component = "sqlite"
    config: ClassVar = {"databaseMode": str(Path(pyproj.datadir.get_data_dir()) / "proj.db")}
    failing_config: ClassVar = {"databaseMode": "no-such-file.db"}
