"""The command `seq2seq`: a table of commands, each imported when it is run.

Exit codes: 0 done, 1 the work failed, 2 the command line or config is wrong. An error is one sentence on
standard error; `--debug` shows the traceback as well.
"""

import difflib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import seq2seq
from seq2seq.commands.packages import load_entry

DONE, FAILED, WRONG = 0, 1, 2


class Command(NamedTuple):
    """A command: one line of help, and the module whose `main(argv)` runs it."""

    help: str
    module: str


COMMANDS = {
    "translate": Command("translate texts, files, or standard input", "seq2seq.commands.translate"),
    "localize": Command("fill the strings of a program's catalogs", "seq2seq.commands.localize"),
    "generate": Command("generate text with a language model", "seq2seq.commands.generate"),
    "train": Command("train a model from a recipe", "train.command"),
    "corpus": Command("make training pairs of catalogues, TMX and tables", "seq2seq.commands.corpus"),
    "memory": Command("convert and join translation memories", "seq2seq.commands.memory"),
    "synthesize": Command("translate texts into training pairs", "train.synthesis"),
    "evaluate": Command("score a model on a test set, or compare two", "seq2seq.commands.evaluate"),
    "score": Command("print log-probabilities of given translations", "seq2seq.commands.score"),
    "align": Command("align the words of given pairs", "seq2seq.commands.align"),
    "serve": Command("run the REST server and the demo page", "serve.command"),
    "export": Command("write a model for CTranslate2, ONNX or transformers", "seq2seq.commands.export"),
    "import": Command("take over a Marian model of transformers", "seq2seq.commands.import_model"),
    "push": Command("upload a model to the Hugging Face hub", "seq2seq.commands.push"),
    "models": Command("list the released models", "seq2seq.commands.models"),
    "doctor": Command("check the installation, the machine and the models", "seq2seq.commands.doctor"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (None: that of the process); return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:end]
    arguments = [a for a in arguments[:end] if a != "--debug"] + arguments[end:]
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse after --help
        return stop.code if isinstance(stop.code, int) else DONE if stop.code is None else FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader has left, as `head` does. Python flushes once more at exit and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if debug:
            raise
        print(f"seq2seq: {_sentence(error)}", file=sys.stderr)
        return WRONG if isinstance(error, ValueError) else FAILED


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage(), file=sys.stdout if arguments else sys.stderr)
        return DONE if arguments else WRONG
    if arguments[0] == "--version":
        print(f"seq2seq {seq2seq.__version__}")
        return DONE
    name, *rest = arguments
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(COMMANDS)}"
        raise ValueError(f"there is no command {name!r}; {hint}")
    return _entry(COMMANDS[name].module)(rest)


def _usage() -> str:
    rows = "\n".join(f"  {name:<11}{command.help}" for name, command in COMMANDS.items())
    return (
        "usage: seq2seq COMMAND [options]\n\nA sequence-to-sequence Transformer toolkit.\n\n"
        f"commands:\n{rows}\n\n"
        "options:\n  --help     show this help; after a command, its options\n"
        "  --version  show the version\n  --debug    show the traceback of an error"
    )


def _entry(module: str) -> Callable[[list[str]], int]:
    """Import a command's module and return its `main`."""
    return load_entry(module)


def _sentence(error: Exception) -> str:
    """Return the sentence for the user: our own errors as they are, others with their type."""
    text = " ".join(str(error).split())
    if isinstance(error, ValueError):
        return text
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error).__module__.partition(".")[0] in ("seq2seq", "train", "serve"):
        return text
    return f"{type(error).__name__}: {text}; --debug shows where"
