"""Launches kafka-to-openmetadata: python main.py --help"""

from beam_ingest.cli.launch_template import launch

if __name__ == "__main__":
    launch("kafka-to-openmetadata")
