"""``overread systems``: systems, variants, bundles; what cannot run here and why."""

from __future__ import annotations

import argparse
from typing import Any

from overread.cli.output import print_json, say
from overread.core.errors import BundleError
from overread.systems import SYSTEMS, Bundle, System, bundle_folders, load_bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: argparse.Namespace) -> int:
    document = listing()
    if arguments.json:
        print_json(document)
        return 0
    for system in document["systems"]:
        say(f"{system['id']}: {system['title']} ({system['paper']})")
        for variant in system["variants"]:
            bundle = variant["bundle"]
            about = "" if bundle is None else f" {bundle['version']}, trained on {bundle['trained_on']}"
            say(f"  {variant['id']}{about}: {'runs' if variant['runs'] else variant['reason']}")
    return 0


def listing() -> dict[str, Any]:
    """The document of ``overread.systems/1``."""
    return {"schema": "overread.systems/1", "systems": [_system(system) for system in SYSTEMS.values()]}


def _system(system: System) -> dict[str, Any]:
    variants, seen = [], set()
    for folder in bundle_folders():
        try:
            bundle = load_bundle(folder)
        except BundleError as problem:
            if folder.name.startswith(system.id):
                variants.append(_variant(system, folder.name, None, str(problem)))
            continue
        if bundle.system != system.id or bundle.variant in seen:
            continue
        seen.add(bundle.variant)
        try:
            bundle.check_weights()
            reason = None
        except BundleError as problem:
            reason = str(problem)
        variants.append(_variant(system, bundle.variant, bundle, reason))
    if not variants:
        variants.append(_variant(system, "none", None, "No bundle of this system is installed."))
    return {"id": system.id, "title": system.title, "paper": system.paper, "variants": variants}


def _variant(system: System, name: str, bundle: Bundle | None, reason: str | None) -> dict[str, Any]:
    network = None if bundle is None else bundle.manifest["network"]
    return {
        "id": name,
        "roles": list(system.roles),
        "networks": [
            {
                "name": n,
                "published_parameters": count,
                "bundled_parameters": None if network is None else network.get("parameters"),
                "width": None if network is None else 1.0,
            }
            for n, count in system.networks
        ],
        "bundle": None
        if bundle is None
        else {
            "version": bundle.version,
            "digest": bundle.digest,
            "trained_on": bundle.trained_on,
            "bytes": sum(f.stat().st_size for f in bundle.folder.iterdir() if f.is_file()),
        },
        "runs": reason is None and bundle is not None,
        "reason": reason,
    }
