"""``overread selftest``: what is present, works, and how fast."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from overread import __version__
from overread.cli.output import print_json, say, table
from overread.core.errors import OverreadError
from overread.engines.engine import Engine
from overread.io.places import user_places
from overread.systems import SYSTEMS, Bundle, find_bundle

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
    """One line of the self-test. What is optional may fail without the whole failing."""

    subject: str
    name: str
    works: bool
    detail: str
    seconds: float | None = None
    is_optional: bool = False

    @property
    def verdict(self) -> str:
        """What stands before the line."""
        return "ok" if self.works else "absent" if self.is_optional else "FAILS"


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
                    {
                        "subject": c.subject,
                        "name": c.name,
                        "works": c.works,
                        "optional": c.is_optional,
                        "detail": c.detail,
                        "seconds": c.seconds,
                    }
                    for c in checks
                ],
            }
        )
    else:
        say(
            table(
                ("", "what", "name", "detail"),
                [(c.verdict, c.subject, c.name, c.detail) for c in checks],
            )
        )
    return 0 if all(c.works or c.is_optional for c in checks) else 2


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
    yield from _engines()
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
        from overread.engines.devices import available_devices, device_line

        return f"{', '.join(available_devices())}; a reading runs on {device_line()}"

    return _tried("device", "torch", works, ImportError, OverreadError)


def _engines() -> Iterator[Check]:
    """Every engine on every device of this machine, and the lower precision, with the time of one slice."""
    from overread.engines.devices import available_devices

    for device in available_devices():
        untried = " (untried)" if device == "mps" else ""
        for precision in ("float32", "bfloat16"):
            name = f"torch on {device}, {precision}{untried}"
            yield _engine(name, "torch", device, precision, is_optional=device == "mps" or precision != "float32")
    yield _engine("ONNX Runtime on cpu, float32", "onnx", "cpu", "float32", is_optional=True)


def _engine(name: str, engine: str, device: str, precision: str, is_optional: bool) -> Check:
    def works() -> str:
        from overread.systems.hbp_detection.system import build_engine

        return _speed(build_engine(find_bundle("hbp-detection"), device, engine, precision=precision))

    return replace(_tried("engine", name, works, OverreadError, RuntimeError), is_optional=is_optional)


def _bundle(system: str) -> Check:
    def works() -> str:
        bundle = find_bundle(system)
        bundle.check_weights()
        found = _speed_of(bundle) if system == "hbp-detection" else _loading_time(bundle)
        return f"{bundle.variant} {bundle.version}, trained on {bundle.trained_on}, {found}"

    return _tried("bundle", system, works, OverreadError, RuntimeError)


def _speed_of(bundle: Bundle) -> str:
    from overread.systems.hbp_detection.system import build_engine

    return _speed(build_engine(bundle, "auto", "auto"))


def _loading_time(bundle: Bundle) -> str:
    """Seconds to make a bundle's networks ready to run."""
    package = SYSTEMS[bundle.system].reader.partition(":")[0].rpartition(".")[0]
    started = time.perf_counter()
    import_module(f"{package}.loading").load(bundle, "auto", "auto", "float32")
    return f"ready in {time.perf_counter() - started:.1f} s"


def _speed(engine: Engine) -> str:
    """Milliseconds a slice, once it is clear that the same slice gets the same score."""
    import numpy as np

    from overread.systems.hbp_detection.system import read_slice_image

    image = np.random.default_rng(0).random((320, 320), dtype=np.float32)
    first, _ = read_slice_image(engine, image)
    started = time.perf_counter()
    scores = {read_slice_image(engine, image)[0] for _ in range(_SLICES)}
    milliseconds = 1000 * (time.perf_counter() - started) / _SLICES
    if scores != {first}:
        raise RuntimeError("the same slice gets different scores")
    return f"{milliseconds:.0f} ms a slice with {engine.name} on {engine.device}"


def _tried(subject: str, name: str, works: Callable[[], str], *problems: type[Exception]) -> Check:
    started = time.perf_counter()
    try:
        return Check(subject, name, True, works(), round(time.perf_counter() - started, 3))
    except problems as problem:
        return Check(subject, name, False, str(problem) or type(problem).__name__)
