"""One file a command, each with `main(argv) -> exit code`; `seq2seq.cli` has the table of them."""


class Failure(Exception):  # noqa: N818 - the work failed; that is no error of this program
    """The work could not be done: one sentence for the user, exit code 1."""
