"""Docstrings of the library say what a thing does: functions in the imperative, classes as noun phrases."""

import ast
from collections.abc import Iterator
from pathlib import Path

# First words that begin a description, a question or a condition, not an instruction.
NOT_VERBS = """
A All An And Any As At Because Between Both But By Each Either Every For From Half How If In Into Its It
Less Like Many More Most Much Neither No None Not Nothing Of On One Only Or Our Out Over Several So Some
Such Than That The Their There These They This Those To Two Under Until Up Values We What When Where Whether
Which While Who Whoever Whose Why With Without
"""
QUESTIONS = {"How", "What", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whose", "Why"}
PACKAGES = ("seq2seq", "train", "serve")


def documented(tree: ast.Module) -> Iterator[tuple[ast.AST, str, bool]]:
    """Every node with a docstring, its text, and whether it is a function that is called as one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            decorators = [ast.unparse(each) for each in getattr(node, "decorator_list", [])]
            is_property = any(name.endswith(("property", ".setter", "fixture")) for name in decorators)
            if text:
                function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                yield node, text, function and not is_property


def test_first_words(repository: Path) -> None:
    """No function's docstring begins with an article or a question, and no other with a question."""
    wrong = []
    for package in PACKAGES:
        for path in sorted((repository / package).rglob("*.py")):
            for node, text, is_function in documented(ast.parse(path.read_text(encoding="utf-8"))):
                word = text.split()[0].strip("`,.:;")
                if word in (NOT_VERBS.split() if is_function else QUESTIONS):
                    line = getattr(node, "lineno", 1)
                    wrong.append(f"{path.relative_to(repository)}:{line}: {text.splitlines()[0]}")
    assert not wrong, "\n".join([f"{len(wrong)} docstrings", *wrong])
