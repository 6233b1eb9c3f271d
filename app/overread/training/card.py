"""The model card: what a bundle is, what it was trained on, what it can and cannot do, in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from overread.training.recipe import Recipe

WIDTH = 110


def card_text(manifest: Mapping[str, Any], recipe: Recipe) -> str:
    """The card of an hbp-detection bundle, every figure from its manifest."""
    bundle, training = manifest["bundle"], manifest["training"]
    found = manifest["evaluation"]["validation"]
    auc, low, high = found["slice_auc"]
    spots = found["hot_spot_mm"]
    pooling = {
        "lse": "log-sum-exp of the activation map (r = 4), trained with a loss on the map itself",
        "gap": "global average pooling",
    }[manifest["network"]["pooling"]]
    placing = manifest["placing"]
    field, spread = placing["receptive_field_px"], placing["receptive_field_sd_px"]
    medians = placing["hot_spot_median_mm"]
    rows = "\n".join(
        f"| {name} | {p['threshold']:.3f} | {_percent(p['slice']['sensitivity'])} "
        f"| {_percent(p['slice']['specificity'])} | {p['lesion_sensitivity']:.0%} | {p['marks_per_case']:.1f} |"
        for name, p in manifest["operating"].items()
    )
    text = f"""# {bundle["system"]}, variant {bundle["variant"]}, version {bundle["version"]}

**Trained and tested on synthetic phantoms; not measured on patients. Not for diagnosis.**

## What it is

The network of Kim 2020 (KIM-11, {manifest["network"]["parameters"]:,} trainable parameters, layer table
`{manifest["network"]["layout"]}`) reads every slice of a hepatobiliary-phase MR series, whole, at 320 x 320
pixels,
gives it a score for HCC and a class activation map of 20 x 20 cells from the same forward pass.

Where it differs from the paper: {pooling}. The paper uses global average pooling and image labels alone, on
clinical
images. The paper leaves the layer table open; ours is chosen by its parameter count.

## What it was trained on

{training["patients"]} phantoms of the digital liver, version {bundle["digital_liver"]}
(overread {bundle["generator"]}), {training["crops"]:,} crops of
{recipe.loop.crop_px} x {recipe.loop.crop_px} pixels, half of them around a lesion, the others from the whole
body, and
{training["whole_slices"]:,} whole slices; {training["steps"]:,} steps, {training["cpu_s"]:,} CPU-seconds.
Masks of the lesions were used. The lesions
that count are HCC, most of them dark in the hepatobiliary phase, some as bright as the liver or brighter; cysts,
haemangiomas, regenerative and dysplastic nodules, vessels, gallbladder and cirrhosis are there beside them.

## What was measured on validation phantoms

{found["patients"]} phantoms, {found["slices"]:,} slices, {found["lesions"]} lesions. Thresholds were chosen on
these same phantoms, so the figures flatter. `evaluations.jsonl`, where present,
counts
evaluations on named test sets.

- Slice AUC {auc:.3f} (95 % interval over patients {low:.3f} to {high:.3f}).
- The map's hottest place on positive slices lies a median of {spots["median"]:.1f} mm from the nearest lesion
  voxel (90th
  percentile {spots["p90"]:.1f} mm); {spots["within_15"]:.0%} within 15 mm, {spots["slices"]} slices.
- The mean receptive field of {placing["receptive_field_cells"]} firing cells is centred {field[0]:+.1f} rows and
  {field[1]:+.1f} columns (network pixels) from the cell's own centre, standard deviation
  {spread[0]:.1f} and {spread[1]:.1f}. Places moved by it lie a median of
  {medians["receptive_field"]:.1f} mm from the lesion, unmoved {medians["none"]:.1f} mm: candidates are placed
  {"with" if any(placing["offset_px"]) else "without"} it.
- At the floor of {manifest["findings"]["floor"]:.3f} it misses {manifest["findings"]["missed_at_floor"]:.1%}
  of the lesions.

| operating point | score from | slice sensitivity (95 %) | slice specificity (95 %) | lesions found | marks a case |
|---|---|---|---|---|---|
{rows}

The paper's own figures, on patients: sensitivity 94 %, specificity 99 %, AUC 0.97 internally; 87 %, 93 %,
0.90 externally.
They are not comparable with the phantom figures above.

## Limits

- Phantoms only: nothing here says how it does on a patient.
- False marks are to be expected on gallbladder, vessels, heart, kidneys and bowel.
- Not measured by lesion size: expect small lesions to be missed more often. Activation extent is what the map covers,
  not a lesion's size.
- A score is not a probability.
"""
    return _reflowed(text)


def _reflowed(text: str) -> str:
    """Paragraphs and list items filled to ``WIDTH``; headings and tables as they are."""
    blocks = []
    for block in text.strip().split("\n\n"):
        if block.startswith(("#", "|")):
            blocks.append(block)
            continue
        items = ("\n" + block).split("\n- ") if block.startswith("- ") else [block]
        lines = [
            textwrap.fill(
                " ".join(item.split()),
                WIDTH,
                initial_indent="- " if block.startswith("- ") else "",
                subsequent_indent="  " if block.startswith("- ") else "",
                break_on_hyphens=False,
                break_long_words=False,
            )
            for item in items
            if item.strip()
        ]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _percent(interval: list[float]) -> str:
    value, low, high = interval
    return f"{value:.0%} ({low:.0%} to {high:.0%})"
