from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from beam_ingest.testing import SourceSuite


class TestDuckdb(SourceSuite):
    component = "duckdb"
    failing_config: ClassVar = {"path": "no-such-file.duckdb"}

    @pytest.fixture
    def config(self, tmp_path: Path) -> dict[str, Any]:
        duckdb.connect(str(tmp_path / "a.duckdb")).execute("CREATE TABLE t (a INT)").close()
        return {"path": str(tmp_path / "a.duckdb")}
