"""Makes the SQLite database that quickstart.yaml reads: python quickstart_db.py PATH."""

from __future__ import annotations

import sys
from pathlib import Path

from beam_ingest.cli.sample import make_sample_database

if __name__ == "__main__":
    make_sample_database(Path(sys.argv[1]))
