"""A count of what a command has done, on a terminal."""

import sys


class ProgressCounter:
    """A count on standard error, rewritten in place; only on a terminal, and where results go elsewhere."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self.what = what
        self.of = f" of {total}" if total else ""
        self.done = 0
        self.shown = sys.stderr.isatty() and not sys.stdout.isatty()

    def add(self, count: int = 1) -> None:
        """Count some more."""
        self.done += count
        if self.shown:
            print(f"\r{self.done}{self.of} {self.what}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        if self.shown and self.done:
            print(file=sys.stderr)
