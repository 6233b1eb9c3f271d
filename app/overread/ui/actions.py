"""One table of commands: menus, tool bar, shortcuts and the page of keys are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overread.viewing.session import Session
from overread.viewing.window_level import CT_PRESETS

ANYWHERE, IMAGE, HELD = "anywhere", "image", "held"
"""Where a key counts: in the whole window; where the image has the focus; while it is held down."""

MENUS = ("File", "Image", "Window", "Overlay", "Candidates", "System", "Help")


@dataclass(frozen=True, slots=True)
class Command:
    """Something the window can do.

    ``keys`` in Qt's portable text. ``enabled`` says when it makes sense, by the state alone. ``icon`` puts
    it on the
    tool bar. ``checked``: whether it is on, for what can be switched.
    """

    id: str
    text: str
    keys: tuple[str, ...]
    tip: str
    menu: str
    enabled: Callable[[Session], bool]
    scope: str = ANYWHERE
    icon: str = ""
    group: int = 0
    checked: Callable[[Session], bool] | None = None


def _always(_session: Session) -> bool:
    return True


def _has_image(session: Session) -> bool:
    return session.layout.active.volume is not None


def _has_stack(session: Session) -> bool:
    return session.layout.active.frames > 1


def _is_ct(session: Session) -> bool:
    volume = session.layout.active.volume
    return volume is not None and volume.modality == "CT"


def _has_header_window(session: Session) -> bool:
    volume = session.layout.active.volume
    return volume is not None and volume.window is not None


def _has_heat(session: Session) -> bool:
    return session.layout.active.overlay.heatmap is not None


def _is_overlay_shown(session: Session) -> bool:
    return _has_heat(session) and session.layout.active.overlay.shown


def _has_candidates(session: Session) -> bool:
    return bool(session.findings.candidates())


def _has_volumes(session: Session) -> bool:
    return session.scan is not None and next(session.places(), None) is not None


COMMANDS: tuple[Command, ...] = (
    Command("open-folder", "Open folder…", ("Ctrl+O",), "Open a folder with DICOM files or volumes", "File",
            _always,
            icon="open"),
    Command("open-file", "Open file…", ("Ctrl+Shift+O",),
            "Open a DICOM file, NIfTI, NRRD or MHA",
            "File", _always),
    Command("save-picture", "Save picture…", ("Ctrl+S",),
            "Save the window as PNG; no patient data are on it", "File",
            _has_image, group=1),
    Command("quit", "Quit", ("Ctrl+Q",), "Close the window; a run is stopped", "File", _always, group=2),

    Command("slice-next", "Next slice", ("Down",), "One slice on", "Image", _has_stack, IMAGE),
    Command("slice-previous", "Previous slice", ("Up",), "One slice back", "Image", _has_stack, IMAGE),
    Command("slice-next-page", "10 slices on", ("PgDown",), "Ten slices on", "Image", _has_stack, IMAGE),
    Command("slice-previous-page", "10 slices back", ("PgUp",), "Ten slices back", "Image", _has_stack,
            IMAGE),
    Command("slice-first", "First slice", ("Home",), "To the first slice", "Image", _has_stack, IMAGE),
    Command("slice-last", "Last slice", ("End",), "To the last slice", "Image", _has_stack, IMAGE),
    Command("series-next", "Next series", ("Right",), "Show the next series", "Image", _has_volumes, IMAGE,
            group=1),
    Command("series-previous", "Previous series", ("Left",), "Show the previous series", "Image",
            _has_volumes, IMAGE,
            group=1),
    Command("fit", "Fit", ("F",), "Show the whole slice", "Image", _has_image, icon="fit", group=2),
    Command("zoom-in", "Zoom in", ("+", "="), "Enlarge", "Image", _has_image, group=2),
    Command("zoom-out", "Zoom out", ("-",), "Reduce", "Image", _has_image, group=2),
    Command("reset", "Reset view", ("R",), "Undo zoom, pan, window and inversion", "Image", _has_image,
            icon="reset",
            group=2),
    Command("corner-text", "Corner text: all, few, none", ("A",), "Next state of the text on the image",
            "Image",
            _has_image, icon="text", group=3),

    Command("window-header", "From the header", ("0",), "The window its header asks for", "Window",
            _has_header_window),
    *(Command(f"window-{p.id}", f"{p.window.name}   {p.window.width:g} / {p.window.centre:g}", (p.key,),
              f"{p.window.name}: width {p.window.width:g}, centre {p.window.centre:g} HU (CT only)", "Window", _is_ct)
      for p in CT_PRESETS),
    Command("window-auto", "Automatic", ("9",), "Percentiles 1 to 99.5 of the stack", "Window", _has_image),
    Command("invert", "Invert", ("I",), "Swap black and white", "Window", _has_image, icon="invert", group=1,
            checked=lambda session: session.layout.active.inverted),

    Command("overlay-toggle", "Show overlay", ("W",), "Show or hide the heatmap and the marks", "Overlay",
            _has_heat,
            icon="overlay", checked=_is_overlay_shown),
    Command("overlay-hold", "Pure image while held (tap: show or hide)", ("H",),
            "Hold: the pure image. Tap: show or hide the overlay", "Overlay", _has_heat, HELD),
    Command("overlay-less", "Less opaque", ("Q",), "Heatmap 10 % less opaque", "Overlay", _has_heat, group=1),
    Command("overlay-more", "More opaque", ("E",), "Heatmap 10 % more opaque", "Overlay", _has_heat, group=1),

    Command("candidate-next", "Next candidate", ("N",), "Choose the next candidate and go there",
            "Candidates",
            _has_candidates),
    Command("candidate-previous", "Previous candidate", ("P",), "Choose the previous candidate and go there",
            "Candidates", _has_candidates),
    Command("candidate-jump", "Go to the chosen candidate", ("Return", "Enter"),
            "Back to the chosen candidate",
            "Candidates", _has_candidates, IMAGE),

    Command("run", "Run the system", ("Ctrl+R",), "Let the chosen system read the chosen series", "System",
            _has_image),
    Command("cancel", "Cancel the run", ("Ctrl+.",), "Stop the run within a second", "System", _has_image),
    Command("card", "Model card", ("Ctrl+M",), "What the system was trained on, and how it did", "System",
            _always,
            group=1),

    Command("keys", "Keys and mouse", ("F1", "?"), "All keys on one page", "Help", _always, icon="help"),
    Command("gallery", "Digital liver gallery…", (), "Draw phantoms and look at them, series by series", "Help",
            _always),
    Command("phantom-help", "About the digital liver", (), "What phantoms are good for, and what they are not",
            "Help", _always),
    Command("log", "Open log folder", (), "The log holds no names of patients", "Help", _always),
    Command("about", "About Overread", (), "Version and purpose", "Help", _always, group=1),
)

MOUSE_HELP = (
    ("Wheel", "next or previous slice"),
    ("Shift + wheel", "5 slices"),
    ("Ctrl + wheel", "zoom at the pointer"),
    ("Alt + wheel", "opacity of the heatmap"),
    ("Left drag", "scroll (profile “stack”) or window (profile “window”)"),
    ("Right drag", "window (profile “stack”) or scroll (profile “window”); right is wider, up is brighter"),
    ("Right drag with Ctrl / Shift", "fine / coarse"),
    ("Middle drag, or Space + left drag", "pan"),
    ("Ctrl + middle drag", "zoom"),
)


def command(command_id: str) -> Command:
    """The command with this id."""
    return next(c for c in COMMANDS if c.id == command_id)


def keys_page() -> str:
    """All keys and mouse actions as HTML."""
    rows = []
    for menu in MENUS:
        of_menu = [c for c in COMMANDS if c.menu == menu and c.keys]
        if of_menu:
            rows.append(f'<tr><td colspan="2"><h3>{menu}</h3></td></tr>')
            rows += [_row(" or ".join(c.keys).replace("Return or Enter", "Enter"), c.tip) for c in of_menu]
    rows.append('<tr><td colspan="2"><h3>Mouse</h3></td></tr>')
    rows += [_row(what, meaning) for what, meaning in MOUSE_HELP]
    return f'<table cellspacing="4">{"".join(rows)}</table>'


def _row(key: str, meaning: str) -> str:
    return f'<tr><td width="230"><b>{key}</b></td><td>{meaning}</td></tr>'
