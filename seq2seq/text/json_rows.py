"""Objects of a JSON file, one after the other: an object a line, or an array of objects.

    {"en": "a"}           [{"en": "a"},
    {"en": "b"}            {"en": "b"}]

An array is parsed object by object as its lines are read, so that it takes no more memory than one object.
"""

import json
from collections.abc import Iterable, Iterator

NumberedRow = tuple[int, dict[str, object]]

_BLANKS = " \t\r\n"
_LONGEST = 1 << 24  # characters of an object; a larger one is a mistake in the file
_DECODER = json.JSONDecoder()


def read_json_rows(file: str, lines: Iterable[tuple[int, str]]) -> Iterator[NumberedRow]:
    """Yield each object with the number of its line.

    Args:
        file: the file's name, for errors.
        lines: its lines without line breaks, numbered from 1.

    Raises:
        ValueError: a line is no JSON, or holds something else than an object.
    """
    left = iter(lines)
    for number, line in left:
        text = line.strip()
        if not text:
            continue
        if text.startswith("["):
            yield from _array(file, number, text[1:], left)
            return
        yield number, _object(file, number, line)


def _object(file: str, number: int, line: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{file}, line {number}: not JSON ({error}); write one whole object a line"
        ) from error
    return _checked(file, number, row)


def _checked(file: str, number: int, row: object) -> dict[str, object]:
    if not isinstance(row, dict):
        raise ValueError(f"{file}, line {number}: not a JSON object; write one object a line")
    return row


def _array(file: str, number: int, text: str, left: Iterator[tuple[int, str]]) -> Iterator[NumberedRow]:
    """Yield the objects of an array; `text` is what follows its bracket on line `number`."""
    at, is_first = 0, True
    while True:
        start = _after_blanks(text, at)
        number, at = number + text.count("\n", at, start), start
        if text[at : at + 1] == "]":
            if text[at + 1 :].strip() or any(line.strip() for _, line in left):
                raise ValueError(f"{file}, line {number}: text after the end of the array; remove it")
            return
        problem: Exception = json.JSONDecodeError("the array does not end", text, at)
        if text[at : at + 1] == "," or is_first:
            start = at if is_first else _after_blanks(text, at + 1)
            try:
                row, end = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError) as error:
                problem = error  # or its end is not read yet
            else:
                number += text.count("\n", at, start)
                yield number, _checked(file, number, row)
                number, at, is_first = number + text.count("\n", start, end), end, False
                continue
        elif at < len(text):
            problem = json.JSONDecodeError("a comma is missing", text, at)
        # Parsing begins anew at each try, so the text is doubled before the next.
        more = _lines(left, len(text) - at)
        if not more or len(text) - at > _LONGEST:
            raise ValueError(_broken(file, number, text, at, problem)) from problem
        text, at = "\n".join([text[at:], *more]), 0


def _broken(file: str, number: int, text: str, at: int, problem: Exception) -> str:
    """Return the message about an array whose text is broken from line `number` on, or after it."""
    reason = str(problem)
    if isinstance(problem, json.JSONDecodeError):
        number, reason = number + text.count("\n", at, problem.pos), problem.msg
    return f"{file}, line {number}: not JSON ({reason}); mend or remove it"


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS and at < len(text):
        at += 1
    return at


def _lines(left: Iterator[tuple[int, str]], least: int) -> list[str]:
    """Return lines of at least so many characters, fewer where no more are left."""
    lines: list[str] = []
    while least >= 0 and (following := next(left, None)):
        lines.append(following[1])
        least -= len(following[1]) + 1
    return lines
