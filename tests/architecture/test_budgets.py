"""How large a file or function may be, and names that would gather unrelated things."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from statistics import median

from tests.architecture.tree import files, relative

LINES_PER_FILE = 300
LINES_PER_FUNCTION = 60
MEDIAN_LINES_PER_FUNCTION = 10
# (folder, suffix): lines. One page, one IMAP command group, one template, one behaviour per file.
SMALLER = {
    ("webmail/views/", ".py"): 150,
    ("mailserver/servers/imap/commands/", ".py"): 150,
    ("mailserver/servers/pop3/commands/", ".py"): 150,
    ("templates/", ".html"): 80,
    ("static/js/behaviours/", ".js"): 100,
}
GATHERING_NAMES = {"utils", "util", "helpers", "core", "common", "misc"}


def test_it_keeps_every_python_file_small():
    long = {relative(path): _lines(path) for path in _python() if _lines(path) > LINES_PER_FILE}
    assert not long


def test_it_keeps_pages_commands_templates_and_behaviours_smaller():
    long = {
        relative(path): _lines(path)
        for (folder, suffix), most in SMALLER.items()
        for path in files(suffix)
        if relative(path).startswith(folder) and _lines(path) > most
    }
    assert not long


def test_it_keeps_every_function_short():
    long = {
        f"{relative(path)}:{function}": length
        for path in _python()
        for function, length in _functions(path)
        if length > LINES_PER_FUNCTION
    }
    assert not long


def test_it_keeps_the_usual_function_very_short():
    lengths = [
        length
        for path in _python()
        if relative(path).startswith(("mailserver/", "webmail/"))
        for _, length in _functions(path)
    ]
    assert median(lengths) <= MEDIAN_LINES_PER_FUNCTION


def test_it_names_every_module_after_what_it_does():
    vague = [relative(path) for path in _python() if {path.stem, path.parent.name} & GATHERING_NAMES]
    assert not vague


def _python() -> list[Path]:
    return [path for path in files(".py") if "/migrations/" not in relative(path)]


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@cache
def _functions(path: Path) -> list[tuple[str, int]]:
    """Line and name of each function, and its lines, decorators left out."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            found.append((f"{node.lineno} {node.name}", node.end_lineno - node.lineno + 1))
    return found
