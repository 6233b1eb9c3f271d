"""The entry point: finds the command, runs it, and turns what went wrong into a status and a sentence."""

from __future__ import annotations

import argparse
import importlib
import logging
import logging.handlers
import sys
from collections.abc import Sequence
from types import ModuleType

from overread import __version__
from overread.cli.output import clear_bar, tell
from overread.core.errors import Cancelled, OverreadError
from overread.io import close_apart
from overread.io.places import user_places

COMMANDS: dict[str, str] = {
    "demo": "make a phantom on first use, read it, show it",
    "scan": "list what is in a folder, what was set aside and why",
    "read": "let a system read a study",
    "systems": "list systems, variants and bundles",
    "phantom": "make phantom cases with truth",
    "gallery": "draw contact sheets of phantoms",
    "train": "train a bundle",
    "evaluate": "measure a bundle on cases with truth",
    "analyse": "compare readers, conditions and systems",
    "selftest": "check decoders, engines, devices, bundles and folders",
}
"""Each is a module of this package with ``add_arguments(parser)`` and ``run(arguments) -> int``."""

DONE, BUG, REFUSED, CANCELLED = 0, 1, 2, 130
LOG_FILE = "overread.log"
LOG_OPTION = "--log-level"


def entry() -> None:
    """What the installed command calls. The helper process is ended here: left to the interpreter's own way out,
    a library that does not end in it would keep the program alive."""
    try:
        status = main(sys.argv[1:])
    finally:
        close_apart()
    sys.exit(status)


def main(argv: Sequence[str]) -> int:
    """Run one command line; returns its status."""
    name, rest = _command(argv)
    try:
        parser = _parser(name)
        module = _module(name)
        module.add_arguments(parser)
        arguments = parser.parse_args(rest)
        _start_log(arguments.log_level)
        return int(module.run(arguments))
    except OverreadError as problem:
        clear_bar()
        tell(str(problem))
        return REFUSED
    except (Cancelled, KeyboardInterrupt):
        clear_bar()
        tell("Cancelled.")
        return CANCELLED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except Exception:  # the edge of the program: written down in full, told to the person in one sentence
        logging.getLogger("overread").exception("A fault of the program")
        tell(f"Overread met a fault of its own: the command did not finish. Details are in {log_path()}.")
        return BUG


def log_path() -> str:
    """The log file, as shown to people."""
    return str(user_places().log / LOG_FILE)


def _command(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The command and its arguments; options of every command may stand before its name as well as after it."""
    at = 0
    while at < len(argv) and argv[at].partition("=")[0] == LOG_OPTION:
        at += 1 if "=" in argv[at] else 2
    if at < len(argv) and argv[at] in COMMANDS:
        return argv[at], [*argv[:at], *argv[at + 1 :]]
    return "window", list(argv)


def _parser(name: str) -> argparse.ArgumentParser:
    if name in COMMANDS:
        parser = _SentenceParser(prog=f"overread {name}", description=COMMANDS[name].capitalize() + ".")
    else:
        commands = "\n".join(f"  {command:<10} {what}" for command, what in COMMANDS.items())
        parser = _SentenceParser(
            prog="overread",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            description="A second reader for liver CT and MR. For research and teaching, not for diagnosis.",
            epilog=f"commands:\n{commands}\n\noverread COMMAND --help says more of each.",
        )
        parser.add_argument("--version", action="version", version=f"overread {__version__}")
    parser.add_argument(
        LOG_OPTION,
        default="warning",
        choices=("debug", "info", "warning", "error"),
        help="how much goes into the log file",
    )
    return parser


class _SentenceParser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence, status 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        tell(f"The command line cannot be understood: {message}. See {self.prog} --help.")
        sys.exit(REFUSED)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"overread.cli.{name}")


def _start_log(level: str) -> None:
    """A rotating log file without names of patients; where it cannot be written, none."""
    logger = logging.getLogger("overread")
    logger.setLevel(level.upper())
    logger.propagate = False
    if logger.handlers:
        return
    try:
        user_places().log.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            log_path(), maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
