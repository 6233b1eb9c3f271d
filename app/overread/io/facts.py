"""Clinical facts from a JSON file, as ``--facts`` takes them: a list of facts, or a case's truth.json."""

from __future__ import annotations

from pathlib import Path

from overread.core.facts import FACT_NAMES, Facts, facts_from
from overread.core.truth import SCHEMA as TRUTH
from overread.io.json_file import read_json_object


def read_facts(path: Path) -> Facts:
    """The facts in a file; a key that is not there, or null, is unknown. A truth.json may say more of the patient.

    Raises
    ------
    InputError
        The file is missing or no JSON object, a key is none of the seven, or a value cannot be true.
    """
    document = read_json_object(Path(path), "list of facts")
    if document.get("schema") == TRUTH and isinstance(document.get("facts"), dict):
        document = {name: value for name, value in document["facts"].items() if name in FACT_NAMES}
    return facts_from(document)
