"""Each limit allows what it says, and refuses one more with its name and both numbers."""

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
def test_limit_is_allowed_and_one_more_is_refused(name: str) -> None:
    """A request at its limit passes; one more is refused with the limit, the value and what is allowed."""
    allowed, check = CHECKS[name]
    check(allowed)
    with pytest.raises(ValueError, match=rf"has {allowed + 1} {name}, but at most {allowed} are allowed"):
        check(allowed + 1)


def test_body_limit_has_room_for_the_characters() -> None:
    """A text at the limit of characters fits into a body, although JSON may need 12 bytes for each."""
    assert Limits().body_bytes >= 12 * Limits().characters
