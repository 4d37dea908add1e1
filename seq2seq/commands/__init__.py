"""One file a command, each with `main(argv) -> exit code`; `seq2seq.cli` has the table of them."""


class CommandError(Exception):
    """The work could not be done: one sentence for the user, exit code 1."""
