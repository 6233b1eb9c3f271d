"""``overread selftest``: what is present, works, and how fast."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from overread import __version__
from overread.cli.output import print_json, say, table
from overread.core.errors import OverreadError
from overread.io.places import user_places
from overread.systems import SYSTEMS, find_bundle

LIBRARIES = (
    "numpy",
    "scipy",
    "pydicom",
    "imagecodecs",
    "SimpleITK",
    "torch",
    "safetensors",
    "PySide6-Essentials",
    "pyqtgraph",
    "matplotlib",
    "platformdirs",
)
CODECS = {
    "JPEG": "jpeg8_decode",
    "JPEG lossless": "ljpeg_decode",
    "JPEG-LS": "jpegls_decode",
    "JPEG 2000": "jpeg2k_decode",
    "HTJ2K": "htj2k_decode",
}
_SLICES = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the self-test."""

    subject: str
    name: str
    works: bool
    detail: str
    seconds: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: argparse.Namespace) -> int:
    checks = list(all_checks())
    if arguments.json:
        print_json(
            {
                "schema": "overread.selftest/1",
                "version": __version__,
                "python": sys.version.split()[0],
                "checks": [
                    {"subject": c.subject, "name": c.name, "works": c.works, "detail": c.detail, "seconds": c.seconds}
                    for c in checks
                ],
            }
        )
    else:
        say(
            table(
                ("", "what", "name", "detail"),
                [("ok" if c.works else "FAILS", c.subject, c.name, c.detail) for c in checks],
            )
        )
    return 0 if all(c.works for c in checks) else 2


def all_checks() -> Iterator[Check]:
    """Every check, one after the other."""
    yield from (_library(name) for name in LIBRARIES)
    yield _qt_pair()
    yield from (_codec(name, function) for name, function in CODECS.items())
    places = user_places()
    for name in ("config", "data", "cache", "log"):
        yield _folder(name, getattr(places, name))
    yield _fonts()
    yield _devices()
    for system in SYSTEMS:
        yield _bundle(system)


def _library(name: str) -> Check:
    try:
        return Check("library", name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check("library", name, False, "is not installed; install Overread again")


def _qt_pair() -> Check:
    """PySide6 6.12 drops references on Python below 3.12 until the interpreter dies."""
    try:
        version = importlib.metadata.version("PySide6-Essentials")
    except importlib.metadata.PackageNotFoundError:
        return Check("library", "Qt with this Python", False, "Qt is not installed")
    is_bad = version.startswith("6.12") and sys.version_info < (3, 12)
    detail = f"PySide6 {version} on Python {sys.version.split()[0]}"
    return Check(
        "library",
        "Qt with this Python",
        not is_bad,
        detail + (" ends in a crash; install PySide6-Essentials 6.11.3" if is_bad else ""),
    )


def _codec(name: str, function: str) -> Check:
    def works() -> str:
        import imagecodecs

        decoder = getattr(imagecodecs, function)
        if not getattr(imagecodecs, function.split("_", maxsplit=1)[0].upper()).available:
            raise ImportError(decoder.__name__)
        return "present"

    return _tried("decoder", name, works, ImportError, AttributeError)


def _folder(name: str, path: Any) -> Check:
    def works() -> str:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".selftest-{os.getpid()}"
        probe.write_bytes(b"0")
        probe.unlink()
        return str(path)

    return _tried("folder", name, works, OSError)


def _fonts() -> Check:
    """Whether letters can be drawn at all, asked in a process of its own: Qt stays out of this one."""
    import subprocess

    code = (
        "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from PySide6.QtGui import QFontDatabase, QGuiApplication\n"
        "app = QGuiApplication([]); print(len(QFontDatabase.families()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    count = done.stdout.strip()
    if done.returncode != 0 or not count.isdigit():
        return Check(
            "window", "Qt and fonts", False, "Qt does not start: " + (done.stderr.strip().splitlines() or ["?"])[-1]
        )
    return Check(
        "window",
        "Qt and fonts",
        int(count) > 0,
        f"{count} font families" if int(count) else "no fonts; install some, such as fonts-dejavu-core",
    )


def _devices() -> Check:
    def works() -> str:
        from overread.engines.devices import available_devices

        return ", ".join(available_devices())

    return _tried("engine", "devices of torch", works, ImportError)


def _bundle(system: str) -> Check:
    def works() -> str:
        import numpy as np

        from overread.systems.hbp_detection.system import build_engine, read_slice_image

        bundle = find_bundle(system)
        engine = build_engine(bundle, "auto", "auto")
        image = np.random.default_rng(0).random((320, 320), dtype=np.float32)
        first, _ = read_slice_image(engine, image)
        started = time.perf_counter()
        scores = {read_slice_image(engine, image)[0] for _ in range(_SLICES)}
        milliseconds = 1000 * (time.perf_counter() - started) / _SLICES
        if scores != {first}:
            raise RuntimeError("the same slice gets different scores")
        speed = f"{milliseconds:.0f} ms a slice on {engine.device}"
        return f"{bundle.variant} {bundle.version}, trained on {bundle.trained_on}, {speed}"

    return _tried("bundle", system, works, OverreadError, RuntimeError)


def _tried(subject: str, name: str, works: Callable[[], str], *problems: type[Exception]) -> Check:
    started = time.perf_counter()
    try:
        return Check(subject, name, True, works(), round(time.perf_counter() - started, 3))
    except problems as problem:
        return Check(subject, name, False, str(problem) or type(problem).__name__)
