"""Tables of small cases in one test: cheaper than a test a row, and every failing row is named."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def check_rows(check: Callable[..., None], rows: Iterable[Sequence[Any]]) -> None:
    """Call `check(*row)` for each row and fail once, naming each failing row with its error."""
    failures, count = [], 0
    for row in rows:
        count += 1
        try:
            check(*row)
        # pytest.raises and pytest.fail raise an exception that is no Exception.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            failures.append(f"{row!r}: {type(error).__name__}: {error}")
    assert count, "the table has no rows"
    assert not failures, f"{len(failures)} of {count} rows fail:\n" + "\n".join(failures)
