"""Which bundles lie in the folders of the program and of the user, which of them is used, and why others cannot run."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path

from overread.core.errors import BundleError, DeviceError
from overread.core.places import shipped_models
from overread.engines.choice import require_onnx
from overread.io.places import user_places
from overread.systems.bundle import CARD, Bundle, load_bundle
from overread.systems.manifest import EXTERNAL, MANIFEST, claim_of
from overread.systems.registry import SYSTEMS

USER, SHIPPED = "user", "shipped"
_PARTS = (MANIFEST, CARD, "weights.safetensors", "model.onnx")
_MOST_FOLDERS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Installed:
    """A folder that claims to be a bundle.

    ``origin`` is ``user`` or ``shipped``. ``system`` and ``variant`` are what it claims to be of, None where it does
    not say. ``reason`` is why it cannot run, None when it can. ``is_used`` says whether it is the one that a request
    for its system and variant gets; ``is_first`` whether a request for the system alone does.
    """

    folder: Path
    origin: str
    system: str | None
    variant: str | None
    bundle: Bundle | None
    reason: str | None
    is_used: bool = False
    is_first: bool = False


def installed_bundles(*, check_weights: bool = False) -> list[Installed]:
    """All folders that claim to be bundles, in the order in which they are asked: the user's first.

    Parameters
    ----------
    check_weights
        Compare the weights with their digests, which reads them whole; otherwise they need only be there.
    """
    found: list[Installed] = []
    for origin, folder in _places():
        bundle, reason = None, None
        system, variant = claim_of(folder)
        try:
            bundle = load_bundle(folder)
            bundle.check_weights(only_presence=not check_weights)
            if bundle.manifest["network"]["name"] == EXTERNAL:
                require_onnx()
        except (BundleError, DeviceError) as problem:
            reason = str(problem)
        before = [f for f in found if f.bundle is not None and f.system == system]
        is_used = bundle is not None and not any(f.variant == variant for f in before)
        found.append(Installed(folder, origin, system, variant, bundle, reason, is_used))
    first: dict[str | None, Installed] = {}
    for one in found:
        if one.is_used and (one.system not in first or _rank(one) < _rank(first[one.system])):
            first[one.system] = one
    return [replace(one, is_first=one is first.get(one.system)) for one in found]


def bundle_folders() -> list[Path]:
    """Folders that claim to be bundles: the user's first, then the shipped ones."""
    return [folder for _, folder in _places()]


def find_bundle(system: str, variant: str | None = None) -> Bundle:
    """The bundle of a system: the user's own before the shipped one.

    Without ``variant`` it is the first of the paper's that is there (``System.variants``), else the first by name.

    Raises
    ------
    BundleError
        None is installed, or all that are installed are unusable.
    """
    problem: BundleError | None = None
    usable: list[tuple[tuple[bool, int], Bundle]] = []
    for origin, folder in _places():
        try:
            bundle = _loaded(folder, _state_of(folder))
        except BundleError as found:
            claimed = claim_of(folder)
            if claimed[0] == system or (claimed[0] is None and folder.name.startswith(system)):
                problem = problem or found
            continue
        if bundle.system == system and variant == bundle.variant:
            return bundle
        if bundle.system == system and variant is None:
            usable.append((_order(origin, system, bundle.variant), bundle))
    if usable:
        return min(usable, key=lambda candidate: candidate[0])[1]
    if problem is not None:
        raise problem
    name = system if variant is None else f"{system}, variant {variant}"
    raise BundleError(
        f"{name} cannot run",
        "no bundle of it is installed",
        f"Put a bundle into {user_places().bundles} or train one with overread train",
    )


def _rank(one: Installed) -> tuple[bool, int]:
    return _order(one.origin, one.system, one.variant)


def _order(origin: str, system: str | None, variant: str | None) -> tuple[bool, int]:
    """What sorts bundles of a system: the user's own first, then as the paper's variants are listed."""
    variants = SYSTEMS[system].variants if system in SYSTEMS else ()
    return origin != USER, variants.index(variant) if variant in variants else len(variants)


@functools.lru_cache(maxsize=64)
def _loaded(folder: Path, _state: object) -> Bundle:
    """A bundle, parsed once for as long as its manifest and card stay the same: the window asks for every series."""
    return load_bundle(folder)


def _state_of(folder: Path) -> tuple[object, ...]:
    """What changes when the manifest or the card is written anew."""
    found: list[object] = []
    for name in (MANIFEST, CARD):
        try:
            facts = os.stat(os.path.join(folder, name))
            found.append((facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))
        except OSError:
            found.append(None)
    return tuple(found)


def _places() -> list[tuple[str, Path]]:
    """(origin, folder) of all that looks like a bundle; a folder of the user's that cannot be looked into is none.

    Asked for every series of an open folder while the window waits, hence without a path object for each question.
    """
    return [
        (origin, Path(folder))
        for origin, root in ((USER, user_places().bundles), (SHIPPED, shipped_models()))
        for folder in _subfolders(root)
        if any(os.path.lexists(os.path.join(folder, name)) for name in _PARTS)
    ]


def _subfolders(root: Path) -> list[str]:
    try:
        return [os.path.join(root, name) for name in sorted(os.listdir(root)) if not name.startswith(".")][
            :_MOST_FOLDERS
        ]
    except OSError:
        return []
