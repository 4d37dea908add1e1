"""Every route is asked what its OpenAPI description allows, and more: no fault, and no answer that it hides.

SEQ2SEQ_EXAMPLES=500 pytest tests/serve/test_schema.py asks each route 500 times; usually it is a few.
"""

import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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

EXAMPLES = int(os.environ.get("SEQ2SEQ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.fixture(scope="session")
def description(make: "Make") -> Any:
    """What /openapi.json says."""
    loaded = schemathesis.openapi.from_asgi("/openapi.json", make(), headers={"Host": "localhost"})

    @loaded.hook
    def map_body(context: Any, body: Any) -> Any:
        """Most codes would be refused at once; with known ones a request gets as far as the model."""
        if isinstance(body, dict) and len(str(body)) % 3:
            known = {"source": "en", "target": "de"}
            return {name: known.get(name, value) for name, value in body.items()}
        return body

    return loaded


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_answers_are_as_described(case: Any) -> None:
    """A client made from the description would meet an answer that it cannot read, or a fault."""
    case.call_and_validate(checks=CHECKS, headers={"Host": "localhost"})
