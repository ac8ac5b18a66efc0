from pathlib import Path
from typing import ClassVar

import pyproj.datadir

from beam_ingest.testing import SourceSuite


class TestSqlalchemy(SourceSuite):
    component = "sqlalchemy"
    config: ClassVar = {"url": f"sqlite:///{Path(pyproj.datadir.get_data_dir()) / 'proj.db'}"}
    failing_config: ClassVar = {"url": "postgresql+psycopg://me@127.0.0.1:1/db"}
