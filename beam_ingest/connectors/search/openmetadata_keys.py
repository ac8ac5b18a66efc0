"""The keys of OpenMetadata's sink ``elasticsearch`` that mean something else, or nothing, here."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from beam_ingest.api.config_model import ConfigModel, Ignored, Refused

_ALL = Ignored("the source, its filters and processors say what becomes a document")
_ONE_INDEX = Refused("documents of all types are in one index: 'index' names its alias")
_AWS = Refused("requests are not signed for AWS; use basicAuth, or a proxy that signs")


class OpenMetadataKeys(ConfigModel):
    """Accepted with a notice, or refused with a reason."""

    index_tables: Annotated[bool, _ALL] = True
    index_topics: Annotated[bool, _ALL] = True
    index_dashboards: Annotated[bool, _ALL] = True
    index_pipelines: Annotated[bool, _ALL] = True
    index_users: Annotated[bool, _ALL] = True
    index_teams: Annotated[bool, _ALL] = True
    index_mlmodels: Annotated[bool, _ALL] = True
    index_glossary_terms: Annotated[bool, _ALL] = True
    index_tags: Annotated[bool, _ALL] = True
    index_containers: Annotated[bool, _ALL] = True
    index_queries: Annotated[bool, _ALL] = True
    index_dbt_models: Annotated[bool, _ALL] = True
    index_entity_report_data: Annotated[bool, _ALL] = True
    index_web_analytic_user_activity_report_data: Annotated[bool, _ALL] = True
    index_web_analytic_entity_view_report_data: Annotated[bool, _ALL] = True

    table_index_name: Annotated[str, _ONE_INDEX] = "table_search_index"
    topic_index_name: Annotated[str, _ONE_INDEX] = "topic_search_index"
    dashboard_index_name: Annotated[str, _ONE_INDEX] = "dashboard_search_index"
    pipeline_index_name: Annotated[str, _ONE_INDEX] = "pipeline_search_index"
    user_index_name: Annotated[str, _ONE_INDEX] = "user_search_index"
    team_index_name: Annotated[str, _ONE_INDEX] = "team_search_index"
    glossary_term_index_name: Annotated[str, _ONE_INDEX] = "glossary_search_index"
    mlmodel_index_name: Annotated[str, _ONE_INDEX] = "mlmodel_search_index"
    tag_index_name: Annotated[str, _ONE_INDEX] = "tag_search_index"
    dbt_index_name: Annotated[str, _ONE_INDEX] = "dbt_model_search_index"
    entity_report_data_index_name: Annotated[str, _ONE_INDEX] = "entity_report_data_index"
    web_analytic_user_activity_report_data_index_name: Annotated[str, _ONE_INDEX] = (
        "web_analytic_user_activity_report_data_index"
    )
    web_analytic_entity_view_report_data_name: Annotated[str, _ONE_INDEX] = (
        "web_analytic_entity_view_report_data_index"
    )

    use_aws_credentials: Annotated[
        bool,
        _AWS,
        Field(
            validation_alias=AliasChoices(
                "useAwsCredentials", "use_AWS_credentials", "use_aws_credentials"
            )
        ),
    ] = False
    region_name: Annotated[str | None, _AWS] = None
