"""Significance tests against RJafroc and MRMCaov: every number they printed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.stats.mrmcaov_trees import mrmcaov_tree
from tests.stats.reference_pack import PACK, Entry, agree, entries, leaves, needs_pack
from tests.stats.rjafroc_trees import rjafroc_tree

pytestmark = [pytest.mark.light, pytest.mark.shared]
DATASETS = (
    "vandyke_roc",
    "franken_roc",
    "fed_froc",
    "handmade_froc",
    "cad_lroc",
    "cad_froc_sim",
    "vandyke_unpaired_cases",
    "single_reader_asah",
    "handmade_roc_ties",
)
FIGURES_ALONE = re.compile(
    r"fom_|PCL_at|ALROC_at|inferred_roc_fom|figures_of_merit|lesion_distribution|operating_points|lroc_points"
)
"""Entries of RJafroc that test nothing; they are compared where the figures are."""


def significance_entries(dataset: str) -> list[Entry]:
    """What the two programs printed of tests, intervals and components."""
    found = [e for e in entries(dataset) if e.program in ("RJafroc", "MRMCaov")]
    return [e for e in found if not FIGURES_ALONE.match(e.name)]


def our_number(tree: Any, path: tuple[str, ...]) -> Any:
    """What stands in our tree at the path; a KeyError where nothing does."""
    for step in path:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


@needs_pack
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_number_of_the_programs_is_ours(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    counted, wrong = 0, []
    owned = significance_entries(dataset)
    for entry in owned:
        tree = rjafroc_tree(entry) if entry.program == "RJafroc" else mrmcaov_tree(entry, dataset)
        for path, theirs in leaves(entry.result):
            ours = our_number(tree, path)
            counted += 1
            if not agree(None if ours is None else float(ours), theirs):
                wrong.append((entry.program, entry.name, path, ours, theirs))
    with capsys.disabled():
        print(f"\n{dataset}: {counted} numbers of {len(owned)} runs compared, {len(wrong)} differ")  # noqa: T201
    assert wrong == []
    assert counted == sum(1 for entry in owned for _ in leaves(entry.result))


@needs_pack
def test_no_other_dataset_has_tests_of_the_two_programs() -> None:
    names = {path.stem for path in (PACK / "reference").glob("*.json")} - {"power"}
    assert {name for name in names if significance_entries(name)} == set(DATASETS)
