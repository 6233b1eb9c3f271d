"""``overread systems``: systems, variants, bundles; what cannot run here and why."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from overread.cli.output import print_json, say
from overread.systems import SYSTEMS, Bundle, Installed, OperatingInfo, System, installed_bundles
from overread.systems.bundled import networks_of_system
from overread.viewing.evidence import figure_words

_ORIGINS = {"user": "your own", "shipped": "shipped"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="compare the weights with their digests (reads them whole)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: argparse.Namespace) -> int:
    document = listing(check_weights=arguments.check)
    if arguments.json:
        print_json(document)
        return 0
    for system in document["systems"]:
        say(f"{system['id']}: {system['title']} ({system['paper']})")
        say(f"  {system['one_line']}")
        for variant in system["variants"]:
            _say_variant(variant)
    if document["other_bundles"]:
        say("Bundles that belong to none of these systems:")
        for other in document["other_bundles"]:
            say(f"  {other['folder']} ({_ORIGINS[other['origin']]}): {other['reason']}")
    return 0


def listing(*, check_weights: bool = False) -> dict[str, Any]:
    """The document of ``overread.systems/1``.

    Parameters
    ----------
    check_weights
        Compare all weights with their digests, not only look whether they are there.
    """
    installed = installed_bundles(check_weights=check_weights)
    owners = [_owner(found) for found in installed]
    return {
        "schema": "overread.systems/1",
        "weights_checked": check_weights,
        "systems": [
            _system(system, [f for f, owner in zip(installed, owners, strict=True) if owner == system.id])
            for system in SYSTEMS.values()
        ],
        "other_bundles": [
            {
                "folder": str(found.folder),
                "origin": found.origin,
                "system": found.system,
                "variant": found.variant,
                "reason": found.reason,
            }
            for found, owner in zip(installed, owners, strict=True)
            if owner is None
        ],
    }


def meaning(point: OperatingInfo) -> str:
    """What an operating point did on the data it was chosen on, in words."""
    parts = []
    if math.isfinite(point.slice_sensitivity[0]):
        parts.append(f"finds {_with_interval(point.slice_sensitivity)} of the slices with a target lesion")
    if math.isfinite(point.slice_specificity[0]):
        parts.append(f"spares {_with_interval(point.slice_specificity)} of those without")
    if math.isfinite(point.patient_sensitivity[0]):
        parts.append(f"finds {_with_interval(point.patient_sensitivity)} of the patients with the finding")
    if math.isfinite(point.patient_specificity[0]):
        parts.append(f"spares {_with_interval(point.patient_specificity)} of those without")
    if math.isfinite(point.marks_per_case):
        parts.append(f"{point.marks_per_case:.1f} marks a case")
    return ", ".join(parts) or "not measured"


def _owner(found: Installed) -> str | None:
    """Id of the system under which a folder is listed: what it says, else what its name says."""
    if found.system is not None:
        return found.system if found.system in SYSTEMS else None
    return next((name for name in SYSTEMS if found.folder.name.startswith(name)), None)


def _say_variant(variant: dict[str, Any]) -> None:
    bundle = variant["bundle"]
    name = " ".join([variant["id"], *([] if bundle is None else [bundle["version"]])])
    origin = "" if variant["origin"] is None else f" ({_ORIGINS[variant['origin']]})"
    state = "cannot run" if not variant["runs"] else "runs"
    if bundle is not None:
        state += (
            ", used" + (" unless another variant is named" if variant["first"] else "")
            if variant["used"]
            else (", not used: another bundle of this variant comes before it")
        )
    say(f"  {name}{origin}: {state}")
    if variant["folder"] is not None:
        say(f"    folder: {variant['folder']}")
    if variant["reason"] is not None:
        say(f"    why: {variant['reason']}")
    if bundle is None or not variant["runs"]:
        return
    say(f"    reads: {', '.join(variant['roles'])}; trained on {bundle['trained_on']}, not for diagnosis")
    for network in variant["networks"]:
        if network["bundled_parameters"] is not None:
            published = network["published_parameters"]
            paper = "" if published is None else f" (paper: {published:,})"
            narrow = "" if network["width"] in (None, 1) else f" at width {network['width']:g}"
            say(f"    network: {network['name']}, {network['bundled_parameters']:,} parameters{narrow}{paper}")
    for chosen_on in dict.fromkeys(point["chosen_on"] for point in variant["operating"]):
        say(f"    operating points, and what they did on the data they were chosen on ({chosen_on}):")
        for point in variant["operating"]:
            if point["chosen_on"] == chosen_on:
                say(f"      {point['name']}, scores from {point['threshold']:.2f}: {point['meaning']}")
    for evaluation in variant["evaluations"]:
        say(f"    evaluated on {evaluation['test_set'] or evaluation['name']}: {_measured(evaluation)}")


def _system(system: System, installed: Sequence[Installed]) -> dict[str, Any]:
    variants = [_variant(system, found) for found in installed]
    there = {variant["id"] for variant in variants}
    absent = [name for name in system.variants if name not in there] or ([] if variants else ["none"])
    return {
        "id": system.id,
        "title": system.title,
        "one_line": system.one_line,
        "paper": system.paper,
        "variants": variants + [_variant(system, None, name) for name in absent],
    }


def _variant(system: System, found: Installed | None, name: str = "") -> dict[str, Any]:
    """An installed bundle's entry, or that of a variant by ``name`` of which no bundle is there."""
    bundle = None if found is None else found.bundle
    return {
        "id": name if found is None else found.variant or found.folder.name,
        "roles": list(system.roles if bundle is None else bundle.roles),
        "networks": [asdict(network) for network in networks_of_system(system.id, bundle)],
        "bundle": None if bundle is None else _bundle(bundle),
        "runs": found is not None and found.reason is None,
        "reason": _absent(name) if found is None else found.reason,
        "origin": None if found is None else found.origin,
        "folder": None if found is None else str(found.folder),
        "used": found is not None and found.is_used,
        "first": found is not None and found.is_first,
        "operating": [] if bundle is None else [_point(point) for point in bundle.operating.values()],
        "evaluations": [] if bundle is None else _evaluations(bundle),
    }


def _absent(variant: str) -> str:
    return f"No bundle of this {'system' if variant == 'none' else 'variant'} is installed."


def _bundle(bundle: Bundle) -> dict[str, Any]:
    return {
        "version": bundle.version,
        "digest": bundle.digest,
        "trained_on": bundle.trained_on,
        "bytes": sum(path.stat().st_size for path in bundle.folder.iterdir() if path.is_file()),
    }


def _point(point: OperatingInfo) -> dict[str, Any]:
    return {
        "name": point.name,
        "threshold": point.threshold,
        "chosen_on": point.chosen_on,
        "patient_sensitivity": _known(point.patient_sensitivity),
        "patient_specificity": _known(point.patient_specificity),
        "slice_sensitivity": _known(point.slice_sensitivity),
        "slice_specificity": _known(point.slice_specificity),
        "marks_per_case": point.marks_per_case if math.isfinite(point.marks_per_case) else None,
        "meaning": meaning(point),
    }


def _evaluations(bundle: Bundle) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "test_set": table.get("test_set"),
            "slice_auc": _known(table.get("slice_auc")),
            "figures": list(figure_words(table)),
        }
        for name, table in bundle.evaluations.items()
    ]


def _measured(evaluation: dict[str, Any]) -> str:
    auc = evaluation["slice_auc"]
    if auc is not None:
        return f"slice AUC {auc[0]:.3f} ({auc[1]:.3f} to {auc[2]:.3f})"
    return ", ".join(evaluation["figures"]) or "no figure"


def _known(values: Sequence[float] | None) -> list[float] | None:
    """An interval, or None where a part of it is not known."""
    return list(values) if values is not None and all(math.isfinite(v) for v in values) else None


def _with_interval(values: tuple[float, float, float]) -> str:
    value, low, high = (f"{100 * v:.0f}" for v in values)
    return f"{value} % ({low} to {high})" if math.isfinite(values[1]) else f"{value} %"
