"""`seq2seq doctor`: is the installation whole, and do the models still write what they should?

One line a check: ok, note or failed. The exit code is 0 where nothing failed, else 1.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import chain

from seq2seq.commands.arguments import CommandParser
from seq2seq.commands.doctor_machine import DoctorCheck, machine_checks
from seq2seq.model.device import add_device, choose_device
from seq2seq.storage.registry import find_model, released_models


def main(argv: Sequence[str]) -> int:
    """Check the installation and the models, or seal a directory; return the exit code."""
    parser = CommandParser(
        "doctor",
        "Check versions, devices, threads, disk, caches, and of each model its checksums and a known output "
        "on each back end. Exit code 1: something failed.",
    )
    parser.add_argument(
        "--model",
        metavar="M",
        action="append",
        help="check this model alone, by its name or directory; may be repeated; default: all released ones",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--seal",
        metavar="DIRECTORY",
        help="check a model directory that was saved by an earlier version, or whose config.json was changed "
        "on purpose, and give config.json the checksum of its values",
    )
    add_device(parser)
    arguments = parser.read(argv)
    if arguments.seal is not None:
        from seq2seq.storage.model_directory import seal

        seal(find_model(arguments.seal))
        print(f"{arguments.seal}: config.json has the checksum of its values")
        return 0
    failed = 0
    for check in _checks(arguments.model or released_models(), choose_device(arguments.device)):
        failed += check.state == "failed"
        line = json.dumps(check._asdict(), ensure_ascii=False) if arguments.json else _row(check)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 1 if failed else 0


def _checks(names: Sequence[str], device: str) -> Iterator[DoctorCheck]:
    """Yield all checks, each when it is done: loading models takes a second each."""
    from seq2seq.commands.doctor_models import model_checks

    return chain(machine_checks(), *(model_checks(name, device) for name in names))


def _row(check: DoctorCheck) -> str:
    """Return a check as a row of the report."""
    return f"{check.state:<7} {check.subject:<28} {check.found}"
