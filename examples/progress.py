"""Progress line of a training, on a terminal only."""

import sys

EVERY = 50  # steps


def show_progress(step: int, steps: int, loss: float) -> None:
    """Update the line now and then, and erase it after the last step."""
    if not sys.stderr.isatty() or (step % EVERY and step < steps):
        return
    line = f"{step:,} of {steps:,} steps, loss {loss:.3f}" if step < steps else ""
    print(f"\r{line:60}", end="\r", file=sys.stderr, flush=True)
