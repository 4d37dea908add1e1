"""The commands, one module each with `main(argv) -> exit code`; `seq2seq.cli` has their table."""


class CommandError(Exception):
    """A failure of the work itself: one sentence for the user, exit code 1."""
