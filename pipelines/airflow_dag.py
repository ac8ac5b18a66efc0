"""An Airflow DAG that runs a workflow every night, and fails where the run failed.

Put it into Airflow's dags folder, with ``beam-ingest`` installed where the tasks run, and name
the workflow in the variable BEAM_INGEST_WORKFLOW. Airflow 3; in Airflow 2 ``dag`` and ``task``
come from ``airflow.decorators``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

WORKFLOW = os.environ.get("BEAM_INGEST_WORKFLOW", "pipelines/quickstart.yaml")


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
)
def metadata_ingestion() -> None:
    """One task: the whole workflow, which is parallel in itself."""

    @task
    def ingest() -> None:
        """Run the workflow; ``RunFailed`` fails the task, with the report's place as a hint."""
        from beam_ingest import Workflow  # in the task: Airflow imports this file often

        Workflow.from_config(WORKFLOW).run().raise_for_status()

    ingest()


metadata_ingestion()
