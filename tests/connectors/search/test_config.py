"""The keys of the sinks: OpenMetadata's, each answered, and ours."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest.api.config_model import Ignored, Refused, marked_keys
from beam_ingest.connectors.search.config import SearchConfig

URL = "http://localhost:9200"

SUPPORTED = {
    "es_host": "search", "es_port": 9201, "es_username": "me", "es_password": "${ES_PASSWORD}",
    "scheme": "https", "use_ssl": True, "verify_certs": False, "timeout": 30,
    "ca_certs": "/etc/ca.pem", "recreate_indexes": False,
}  # fmt: skip
NOTICED = [
    "index_tables", "index_topics", "index_dashboards", "index_pipelines", "index_users",
    "index_teams", "index_mlmodels", "index_glossary_terms", "index_tags", "index_containers",
    "index_queries", "index_dbt_models", "index_entity_report_data",
    "index_web_analytic_user_activity_report_data", "index_web_analytic_entity_view_report_data",
]  # fmt: skip
REFUSED: dict[str, Any] = {
    "table_index_name": "t", "topic_index_name": "t", "dashboard_index_name": "t",
    "pipeline_index_name": "t", "user_index_name": "t", "team_index_name": "t",
    "glossary_term_index_name": "t", "mlmodel_index_name": "t", "tag_index_name": "t",
    "dbt_index_name": "t", "entity_report_data_index_name": "t",
    "web_analytic_user_activity_report_data_index_name": "t",
    "web_analytic_entity_view_report_data_name": "t", "use_AWS_credentials": True,
    "region_name": "eu-west-1",
}  # fmt: skip


def config(**keys: Any) -> SearchConfig:
    return SearchConfig.model_validate({"hostPort": URL, **keys})


def refusal(**keys: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        SearchConfig.model_validate(keys)
    return str(caught.value)


def test_openmetadatas_connection_is_understood_as_it_is() -> None:
    found = SearchConfig.model_validate(SUPPORTED)
    assert list(marked_keys(found)) == []
    assert found.url == "https://search:9201"
    assert (found.username, found.verify_certs, found.recreate_indexes) == ("me", False, False)
    assert (found.timeout, found.ca_certs) == (30, "/etc/ca.pem")


@pytest.mark.parametrize("key", NOTICED)
def test_a_key_that_does_nothing_here_is_noticed(key: str) -> None:
    (finding,) = marked_keys(config(**{key: False}))
    assert isinstance(finding.mark, Ignored)


@pytest.mark.parametrize("key", REFUSED)
def test_a_key_that_means_what_cannot_be_done_is_refused(key: str) -> None:
    (finding,) = marked_keys(config(**{key: REFUSED[key]}))
    assert isinstance(finding.mark, Refused)


def test_what_asks_for_nothing_is_let_through() -> None:
    keys = {"use_AWS_credentials": False, "table_index_name": "table_search_index"}
    assert list(marked_keys(config(**keys))) == []


@pytest.mark.parametrize("key", ["useSSL", "use_ssl", "useSsl"])
def test_ssl_has_every_spelling(key: str) -> None:
    assert SearchConfig.model_validate({"esHost": "h", key: True}).url == "https://h:9200"


def test_an_address_of_version_6_is_put_into_brackets() -> None:
    assert SearchConfig.model_validate({"esHost": "::1"}).url == "http://[::1]:9200"


def test_the_url_holds_no_credentials_and_is_not_shown() -> None:
    words = refusal(hostPort="http://me:s3cret-4711@localhost:9200")
    assert "write username and password" in words
    assert "s3cret-4711" not in words


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "one of hostPort (a URL) and esHost"),
        ({"hostPort": URL, "esHost": "h"}, "one of hostPort (a URL) and esHost"),
        ({"hostPort": "localhost:9200"}, "a URL with its scheme"),
        ({"hostPort": URL, "username": "me"}, "username and password belong together"),
        (
            {"hostPort": URL, "username": "me", "password": "p", "apiKey": "k"},
            "two ways to log in",
        ),
        ({"hostPort": URL, "index": "Tables"}, "small letters"),
        ({"hostPort": URL, "index": "_all"}, "begins with a letter or digit"),
    ],
)
def test_a_mistake_is_explained(keys: dict[str, Any], words: str) -> None:
    assert words in refusal(**keys)


def test_a_configuration_survives_its_way_to_a_worker() -> None:
    given = SearchConfig.model_validate({**SUPPORTED, "index": "tables"})
    text = given.model_dump_json(by_alias=True, exclude_unset=True)
    assert SearchConfig.model_validate_json(text) == given


def test_the_keys_of_the_pipeline_are_accepted_by_its_source_and_said_to_be_the_sinks() -> None:
    from beam_ingest.connectors.openmetadata.source_config import MetadataSourceConfig

    keys = {
        "useSSL": True, "verifyCerts": True, "timeout": 10, "caCerts": "/ca.pem",
        "useAwsCredentials": False, "regionName": "eu-west-1", "batchSize": 10,
        "recreateIndex": False, "searchIndexMappingLanguage": "JP",
    }  # fmt: skip
    given = {"type": "MetadataToElasticSearch", **keys}
    found = list(marked_keys(MetadataSourceConfig.model_validate(given)))
    assert {finding.path[-1] for finding in found} == set(keys)
    assert all(isinstance(finding.mark, Ignored) for finding in found)
