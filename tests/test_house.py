"""What holds for the whole house."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import overread

PACKAGE = Path(overread.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
NETWORK = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "requests", "aiohttp", "asyncio", "xmlrpc"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_opens_the_network(path: Path) -> None:
    assert not _imports(path) & NETWORK
    assert "QtNetwork" not in path.read_text(encoding="utf-8")


def test_nothing_pickled_is_read_from_disk() -> None:
    reading = re.compile(r"torch\.load\((?![^)]*weights_only=True)|pickle\.load\(|allow_pickle=True|joblib")
    assert [p.name for p in SOURCES if reading.search(p.read_text(encoding="utf-8"))] == []


def test_torch_is_imported_where_it_may_be() -> None:
    allowed = re.compile(r"^(engines/|training/|systems/[a-z_]+/network\.py)")
    found = [str(p.relative_to(PACKAGE)) for p in SOURCES if "torch" in _imports(p)]
    assert [f for f in found if not allowed.match(f)] == []
