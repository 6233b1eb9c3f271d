"""Clinical facts from a JSON file, as ``--facts`` takes them."""

from __future__ import annotations

from pathlib import Path

from overread.core.facts import Facts, facts_from
from overread.io.json_file import read_json_object


def read_facts(path: Path) -> Facts:
    """The facts in a file; a key that is not there, or null, is unknown.

    Raises
    ------
    InputError
        The file is missing or no JSON object, a key is none of the seven, or a value cannot be true.
    """
    return facts_from(read_json_object(Path(path), "list of facts"))
