"""JSON objects in files that somebody else made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from overread.core.errors import InputError

MOST_BYTES = 64 << 20


def read_json_object(path: Path, kind: str) -> dict[str, Any]:
    """The object in a JSON file of somebody's.

    Parameters
    ----------
    kind
        What it should be, for the sentence when it is not: ``region``.

    Raises
    ------
    InputError
        It is missing, far too large, no text or no JSON object.
    """
    path = Path(path)
    what = f"{path.name} cannot be used as a {kind}"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(what, "it is far too large", "Check the path")
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as problem:
        is_gone = isinstance(problem, FileNotFoundError)
        why = "there is no such file" if is_gone else (problem.strerror or "the system cannot read it").lower()
        raise InputError(what, why, "Check the path") from problem
    except (ValueError, RecursionError) as problem:
        raise InputError(what, "it is no JSON", "See overread read --help for its form") from problem
    if not isinstance(document, dict):
        raise InputError(what, "it is no JSON object", "See overread read --help for its form")
    return document
