"""Readers of foreign bytes answer, or refuse with a ValueError: a moment of `python tests/fuzzing.py`."""

import pytest
from fuzzing import TARGETS, drawn, run_target, seeds_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

EXAMPLES = 120  # of each target


@pytest.mark.parametrize("name", TARGETS)
def test_first_inputs_are_accepted(name: str) -> None:
    """The inputs that fuzzing begins with are right, so that it begins behind the first checks."""
    for data in seeds_of(name):
        TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=EXAMPLES)
@example(data=b"")
@given(data=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes(name: str, data: bytes) -> None:
    """Any bytes are answered or refused."""
    run_target(name, data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**9))
def test_changed_inputs(name: str, seed: int) -> None:
    """Right inputs with a few changes are answered or refused."""
    run_target(name, drawn(name, seed))
