"""Every limit lets through what it allows and refuses one more, naming itself and both numbers."""

from collections.abc import Callable

import pytest

from serve.limits import Limits

LIMITS = Limits(texts=3, characters=10, tokens=5, candidates=2, body_bytes=100)


CHECKS: dict[str, tuple[int, Callable[[int], None]]] = {
    "texts": (3, lambda n: LIMITS.check_texts([""] * n)),
    "characters": (10, lambda n: LIMITS.check_texts(["x" * (n - 1), "y"])),
    "tokens": (5, LIMITS.check_token_count),
    "candidates": (2, lambda n: LIMITS.check_candidates(n - 1)),
    "body bytes": (100, LIMITS.check_body),
}


@pytest.mark.parametrize("name", CHECKS)
def test_limit_allows_what_it_says(name: str) -> None:
    """A request at its limit would be refused although the sentence calls it allowed."""
    allowed, check = CHECKS[name]
    check(allowed)


@pytest.mark.parametrize("name", CHECKS)
def test_refusal_names_the_limit_and_both_numbers(name: str) -> None:
    """A request would cost more than allowed, or its sender would not learn how much is allowed."""
    allowed, check = CHECKS[name]
    with pytest.raises(ValueError, match=rf"has {allowed + 1} {name}, but at most {allowed} are allowed"):
        check(allowed + 1)


def test_body_limit_has_room_for_the_characters() -> None:
    """A text within the characters limit would be refused for its bytes: JSON may need 12 for a character."""
    assert Limits().body_bytes >= 12 * Limits().characters
