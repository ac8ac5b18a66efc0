"""Launches database-to-openmetadata: python main.py --help"""

from beam_ingest.cli.launch_template import launch

if __name__ == "__main__":
    launch("database-to-openmetadata")
