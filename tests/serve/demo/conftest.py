"""A server of the tiny translator that the tests of the page share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serve.conftest import Make, Running


@pytest.fixture(scope="session")
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server of the tiny translator."""
    with running(make()) as address:
        yield address
