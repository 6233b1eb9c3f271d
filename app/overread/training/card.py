"""The model card: what a bundle is, what it was trained on, what it can and cannot do, in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from overread.training.data import PHANTOMS
from overread.training.recipe import LoopRecipe, Recipe, recipe_names

WIDTH = 110
_PAPER = (
    "The paper's own figures, on patients: sensitivity 94 %, specificity 99 %, AUC 0.97 internally; 87 %, 93 %, 0.90 "
    "externally. They are not comparable with the figures above."
)


def card_text(manifest: Mapping[str, Any], recipe: Recipe) -> str:
    """The card of an hbp-detection bundle, every figure from its manifest or its recipe."""
    return laid_out(
        manifest,
        what=_what_it_is(manifest),
        departures=departures(recipe, is_drawn=_is_drawn(manifest)),
        trained_on=_what_on(manifest, recipe),
        measured=[*_what_was_measured(manifest), _table(manifest["operating"]), _PAPER],
        again=commands(manifest, recipe),
        limits=_limits(manifest),
    )


def laid_out(
    manifest: Mapping[str, Any],
    *,
    what: str,
    departures: Sequence[str],
    trained_on: Sequence[str],
    measured: Sequence[str],
    again: Sequence[str],
    limits: Sequence[str],
    more: str | None = None,
) -> str:
    """A card: the same headings in the same order for every system, filled to its width.

    Parameters
    ----------
    departures, limits
        One item of a list each.
    trained_on, measured
        Paragraphs, lists and tables.
    again
        Commands, one a line.
    more
        What a longer or wider training would need.
    """
    bundle = manifest["bundle"]
    parts = [
        f"# {bundle['system']}, variant {bundle['variant']}, version {bundle['version']}",
        f"**{headline(manifest)}**",
        "## What it is",
        what,
        "## Where it departs from the paper",
        items(departures),
        "## What it was trained on",
        *trained_on,
        "## What was measured on validation",
        *measured,
        *(() if more is None else ("## What more would need", more)),
        "## How to make it again",
        "\n".join(f"    {command}" for command in again),
        "## Limits",
        items(limits),
    ]
    return "\n\n".join(filled(part) for part in parts) + "\n"


def departures(recipe: Recipe, *, is_drawn: bool) -> list[str]:
    """What the recipe does otherwise than Kim 2020, and what it does because the paper does not say, one each.

    Twins are told of only where patients were drawn for it: no others have them.
    """
    network, loop = recipe.network, recipe.loop
    found = []
    if network.layout == "early-pool":
        found.append(
            "The first max-pool follows the first convolution: as many parameters as the table with three convolutions "
            "at full size, 3.5 times less work. The paper leaves the layer table open; ours is chosen by its "
            "parameter count."
        )
    if network.pooling == "lse":
        found.append(
            "The slice score is a log-sum-exp (r = 4) over the activation map; the paper has a global average, "
            "then a softmax."
        )
    if loop.map_weight:
        found.append(
            f"Masks of the lesions enter the loss (weight {loop.map_weight:g}): the map is told where the lesion is. "
            "The paper used image labels alone."
        )
    if loop.whole_from > 0:
        later = f", from {loop.whole_from:.0%} of the steps on mixed with whole slices" if loop.whole_from < 1 else ""
        found.append(
            f"It was trained on crops of {loop.crop_px} x {loop.crop_px} pixels, half of them around a lesion{later}; "
            "the paper on whole slices. It reads whole slices."
        )
    if is_drawn and recipe.data.twin_slices and loop.negatives.get("twins"):
        found.append(
            f"{_share(loop, 'twins')} of the negative crops show the place of a lesion on the same slice drawn without "
            "it; only phantoms have such twins."
        )
    if loop.hard_slices and loop.negatives.get("hard"):
        found.append(
            f"From {loop.hard_from:.0%} of the steps on, {_share(loop, 'hard')} of the negative crops are cut where "
            f"the network itself, asked then on {loop.hard_slices:,} negative slices, fired most."
        )
    if loop.augmentation == "scanner":
        found.append(
            "Slices are turned by up to 12 degrees, not 90, and are changed as if by another scanner (gamma, shading, "
            "gain, blur, noise)."
        )
    elif loop.move_negatives:
        found.append("Negative slices are turned, shifted and zoomed like positive ones, not left as they are.")
    if (loop.whole_batch if loop.whole_from == 0 else loop.crop_batch) != 128:
        found.append(f"Batches hold {loop.crop_batch} crops or {loop.whole_batch} whole slices, the paper's 128.")
    if not loop.stop_after:
        found.append(f"It ends after {loop.crop_steps:,} steps; the paper stopped when accuracy no longer rose.")
    return found or ["Nothing that the paper states."]


def commands(manifest: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """What makes the bundle, its control and the ablation again."""
    name = f"{recipe.system}-{recipe.variant}"
    name = name if name in recipe_names() else "RECIPE.toml"
    is_drawn = _is_drawn(manifest)
    data = f"--phantom {recipe.kind}" if is_drawn else "--cases cases.csv"
    start = " --from BUNDLE0" if manifest["training"].get("started_from") else ""
    found = [f"overread train {name} {data}{start} --out BUNDLE"]
    found.append(f"overread train {name} {data}{start} --out BUNDLE --shuffled-labels")
    if is_drawn and recipe.kind == "hbp":
        found.append("overread train hbp-ablation-regularisation --phantom hbp --out TABLE")
    return found


def _is_drawn(manifest: Mapping[str, Any]) -> bool:
    """Whether the patients were drawn for this training, so that their sites are in the recipe."""
    return "sites" in manifest["training"]


def headline(manifest: Mapping[str, Any]) -> str:
    """The first sentence: what it was trained on, and what it is not for."""
    if manifest["bundle"]["trained_on"] == PHANTOMS:
        return "Trained and tested on synthetic phantoms; not measured on patients. Not for diagnosis."
    return f"Trained on {manifest['bundle']['trained_on']}. For research; not for diagnosis."


def _what_it_is(manifest: Mapping[str, Any]) -> str:
    return (
        f"The network of Kim 2020 (KIM-11, {manifest['network']['parameters']:,} trainable parameters, layer table "
        f"`{manifest['network']['layout']}`) reads every slice of a hepatobiliary-phase MR series, whole, at 320 x 320 "
        "pixels, gives it a score for HCC and a class activation map of 20 x 20 cells from the same forward pass."
    )


def _what_on(manifest: Mapping[str, Any], recipe: Recipe) -> list[str]:
    bundle, training = manifest["bundle"], manifest["training"]
    seen = (
        f"{training['crops']:,} crops and {training['whole_slices']:,} whole slices in {training['steps']:,} steps, "
        f"{training['cpu_s']:,} CPU-seconds."
    )
    if bundle["trained_on"] == PHANTOMS:
        version = f" of the digital liver, version {bundle['digital_liver']} (overread {bundle['generator']})"
        words = [
            f"{training['patients']:,} phantoms{version}{_stress(training)}. {seen}",
            (
                "The lesions that count are HCC, most of them dark in the hepatobiliary phase, some as bright as the "
                "liver or brighter; cysts, haemangiomas, regenerative and dysplastic nodules, vessels, gallbladder and "
                "cirrhosis are there beside them."
            ),
        ]
    else:
        out = f"; {training['cases_left_out']} more could not be used" if training["cases_left_out"] else ""
        words = [
            (
                f"{bundle['trained_on']}: {training['cases']:,} cases of {training['patients']:,} patients{out}. "
                f"{seen} What the lesions are, and how they were outlined, is for those to say who made the list."
            )
        ]
    if training.get("started_from"):
        words.append(
            f"It did not start from chance but from the weights of {training['started_from_bundle']} (digest "
            f"{training['started_from'][:12]}), trained on {training['started_from_trained_on']}."
        )
    return words


def _stress(training: Mapping[str, Any]) -> str:
    """Which sites the phantoms are of, and what the harshest is."""
    sites = training.get("sites", {})
    if not sites.get("stress"):
        return ""
    share = sites["stress"] / sum(sites.values())
    return f"; {share:.1%} of them of the site `stress`, whose scanners differ more than any real ones are likely to"


def _what_was_measured(manifest: Mapping[str, Any]) -> list[str]:
    found, placing = manifest["evaluation"]["validation"], manifest["placing"]
    noun = "phantoms" if manifest["bundle"]["trained_on"] == PHANTOMS else "cases"
    auc, low, high = found["slice_auc"]
    spots, medians = found["hot_spot_mm"], placing["hot_spot_median_mm"]
    field, spread = placing["receptive_field_px"], placing["receptive_field_sd_px"]
    return [
        (
            f"{found['patients']} {noun}, {found['slices']:,} slices, {found['lesions']} lesions. Thresholds were "
            f"chosen on these same {noun}, so the figures flatter. `evaluations.jsonl`, where present, counts "
            "evaluations on named test sets."
        ),
        items(
            [
                f"Slice AUC {auc:.3f} (95 % interval over patients {low:.3f} to {high:.3f}).",
                (
                    f"The map's hottest place on positive slices lies a median of {spots['median']:.1f} mm from the "
                    f"nearest lesion voxel (90th percentile {spots['p90']:.1f} mm); {spots['within_15']:.0%} within "
                    f"15 mm, {spots['slices']} slices."
                ),
                (
                    f"The mean receptive field of {placing['receptive_field_cells']} firing cells is centred "
                    f"{field[0]:+.1f} rows and {field[1]:+.1f} columns (network pixels) from the cell's own centre, "
                    f"standard deviation {spread[0]:.1f} and {spread[1]:.1f}. Places moved by it lie a median of "
                    f"{medians['receptive_field']:.1f} mm from the lesion, unmoved {medians['none']:.1f} mm: "
                    f"candidates are placed {'with' if any(placing['offset_px']) else 'without'} it."
                ),
                (
                    f"At the floor of {manifest['findings']['floor']:.3f} it misses "
                    f"{manifest['findings']['missed_at_floor']:.1%} of the lesions."
                ),
            ]
        ),
    ]


def _table(points: Mapping[str, Any]) -> str:
    rows = [
        (
            "| operating point | score from | slice sensitivity (95 %) | slice specificity (95 %) | lesions found "
            "| marks a case |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for name, p in points.items():
        rows.append(
            f"| {name} | {p['threshold']:.3f} | {_percent(p['slice']['sensitivity'])} "
            f"| {_percent(p['slice']['specificity'])} | {p['lesion_sensitivity']:.0%} | {p['marks_per_case']:.1f} |"
        )
    return "\n".join(rows)


def _limits(manifest: Mapping[str, Any]) -> list[str]:
    first = (
        "Phantoms only: nothing here says how it does on a patient."
        if manifest["bundle"]["trained_on"] == PHANTOMS
        else "Measured on its own validation cases only: nothing here says how it does elsewhere."
    )
    return [
        first,
        "False marks are to be expected on gallbladder, vessels, heart, kidneys and bowel.",
        (
            "Not measured by lesion size here: expect small lesions to be missed more often. Activation extent is what "
            "the map covers, not a lesion's size."
        ),
        "A score is not a probability.",
    ]


def _share(loop: LoopRecipe, kind: str) -> str:
    return f"{loop.negatives[kind] / sum(loop.negatives.values()):.0%}"


def _percent(interval: list[float]) -> str:
    value, low, high = interval
    return f"{value:.0%} ({low:.0%} to {high:.0%})"


def items(texts: Sequence[str]) -> str:
    """A list, one item a line."""
    return "\n".join(f"- {text}" for text in texts)


def filled(block: str) -> str:
    """A paragraph or the items of a list filled to ``WIDTH``; headings, tables and commands as they are."""
    if block.startswith(("#", "|", "    ")):
        return block
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent="  " if line.startswith("- ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in block.splitlines()
    )
