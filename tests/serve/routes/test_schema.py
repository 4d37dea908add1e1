"""Fuzzing by the OpenAPI description: no route fails or gives an answer that the description does not have.

SEQ2SEQ_EXAMPLES=500 pytest tests/serve/routes/test_schema.py asks each route 500 times; usually it is a few.
"""

import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

if TYPE_CHECKING:
    from tests.serve.conftest import Make

LANGUAGES = {"source": "en", "target": "de", "source_lang": "EN", "target_lang": "DE"}
EXAMPLES = int(os.environ.get("SEQ2SEQ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


ROUTES = [
    ("POST", "/translate"),
    ("POST", "/detect"),
    ("GET", "/languages"),
    ("POST", "/translate_file"),
    ("GET", "/download_file/{key}"),
    ("GET", "/spec"),
    ("GET", "/frontend/settings"),
    ("POST", "/suggest"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("POST", "/v1/translate"),
    ("POST", "/v1/stream"),
    ("POST", "/v1/score"),
    ("POST", "/v1/align"),
    ("POST", "/v1/attention"),
    ("POST", "/v1/completions"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{name}"),
    ("POST", "/v2/translate"),
    ("GET", "/v2/languages"),
    ("GET", "/v2/usage"),
]


@pytest.fixture(scope="module")
def schema(make: "Make") -> Any:
    """The description in /openapi.json."""
    return schemathesis.openapi.from_asgi("/openapi.json", make(), headers={"Host": "localhost"})


def test_every_route_is_asked(schema: Any) -> None:
    """The routes tested here are all routes of the description."""
    operations = [operation.ok() for operation in schema.get_all_operations()]
    described = [(operation.method.upper(), operation.path) for operation in operations]
    assert sorted(described) == sorted(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[path for _, path in ROUTES])
def test_answers_are_as_described(schema: Any, method: str, path: str) -> None:
    """Every answer to a generated request has a status, headers and a body that the description allows."""
    operation = schema[path][method]
    kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(kinds), known=st.booleans())
    def ask(case: Any, known: bool) -> None:
        if known and isinstance(case.body, dict):  # unknown codes are refused before the model is used
            case.body.update({name: code for name, code in LANGUAGES.items() if name in case.body})
        case.call_and_validate(checks=CHECKS, headers={"Host": "localhost"})

    ask()
