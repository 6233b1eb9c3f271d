"""One table of commands: menus, tool bar, shortcuts and the page of keys are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overread.ui.settings import DRAGS
from overread.viewing.layout import plain_cells
from overread.viewing.session import Session
from overread.viewing.window_level import CT_PRESETS

ANYWHERE, IMAGE, HELD = "anywhere", "image", "held"
"""Where a key counts: in the whole window; where the image has the focus; while it is held down."""

MENUS = ("File", "Image", "Views", "Window", "Measure", "Overlay", "Candidates", "Second read", "Lesion", "System",
         "Help")


@dataclass(frozen=True, slots=True)
class Command:
    """Something the window can do.

    ``keys`` in Qt's portable text. ``enabled`` says when it makes sense, by the state alone. ``icon`` puts it on the
    tool bar. ``checked``: whether it is on, for what can be switched. ``repeats``: whether a key that is held does it
    again and again.
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
    repeats: bool = True


def _always(_session: Session) -> bool:
    return True


def _has_image(session: Session) -> bool:
    return session.layout.active.volume is not None


def _has_stack(session: Session) -> bool:
    return session.layout.active.frames > 1


def _shows_anything(session: Session) -> bool:
    return not session.layout.is_empty


def _has_views(session: Session) -> bool:
    return not session.layout.is_single


def _has_other_view(session: Session) -> bool:
    return _has_image(session) and not session.layout.is_single


def _is_laid_out(rows: int, columns: int) -> Callable[[Session], bool]:
    cells = plain_cells(rows, columns)
    return lambda session: session.layout.cells == cells


def _is_ct(session: Session) -> bool:
    volume = session.layout.active.volume
    return volume is not None and volume.modality == "CT"


def _has_header_window(session: Session) -> bool:
    volume = session.layout.active.volume
    return volume is not None and volume.window is not None


def _has_heat(session: Session) -> bool:
    return session.layout.has_heat


def _is_overlay_shown(session: Session) -> bool:
    return _has_heat(session) and session.layout.active.overlay.shown


def _has_candidates(session: Session) -> bool:
    return bool(session.findings.candidates())


def _has_scores(session: Session) -> bool:
    return session.findings.has_scores and session.findings.threshold is not None


def _is_running(session: Session) -> bool:
    return session.queue.is_busy


def _holds_something(session: Session) -> bool:
    """Whether Escape has something to put down."""
    measuring = session.measuring
    return measuring.tool is not None or measuring.selected is not None or session.second.selected is not None


def _has_chosen(session: Session) -> bool:
    return session.measuring.selected is not None or session.second.mark is not None or _has_circle(session)


def _can_mark(session: Session) -> bool:
    return session.second.can_mark


def _has_mark(session: Session) -> bool:
    record = session.second.record
    return session.second.can_mark and record is not None and bool(record.marks)


def _can_judge(session: Session) -> bool:
    return session.second.can_judge


def _can_go_on(session: Session) -> bool:
    record = session.second.record
    return record is not None and record.stage != "finished" and session.second.can_mark


def _has_record(session: Session) -> bool:
    record = session.second.record
    return record is not None and record.is_begun


def _has_place(session: Session) -> bool:
    volume = session.layout.active.volume
    return volume is not None and volume.affine is not None


def _has_circle(session: Session) -> bool:
    """Whether the chosen lesion was circled on the shown series; on slices without a circle its keys do nothing."""
    lesion, volume = session.regions.chosen, session.layout.active.volume
    return lesion is not None and volume is not None and lesion.volume_id == volume.id


def _has_several_readings(session: Session) -> bool:
    return sum(layer.reads_it for layer in session.layers()) > 1


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
    Command("settings", "Settings…", ("Ctrl+,",), "Mouse, appearance, systems and files", "File", _always, group=2),
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

    Command("hang", "Hang the phases", ("Ctrl+H",),
            "The phases of this study side by side, in time order; a question mark means a guess", "Views",
            lambda session: session.hanging() is not None, icon="hang", repeats=False),
    Command("layout-1", "One view", ("Ctrl+1",), "The active view alone", "Views", _shows_anything, group=1,
            checked=_is_laid_out(1, 1), repeats=False),
    Command("layout-2", "Two views, 1 × 2", ("Ctrl+2",), "Two views side by side", "Views", _shows_anything, group=1,
            checked=_is_laid_out(1, 2), repeats=False),
    Command("layout-4", "Four views, 2 × 2", ("Ctrl+4",), "Four views", "Views", _shows_anything, group=1,
            checked=_is_laid_out(2, 2), repeats=False),
    Command("layout-6", "Six views, 2 × 3", ("Ctrl+6",), "Six views", "Views", _shows_anything, group=1,
            checked=_is_laid_out(2, 3), repeats=False),
    Command("maximise", "Enlarge the view", ("F11",), "The active view in the room of all, and back; or double click",
            "Views", _has_views, group=2, checked=lambda session: session.layout.is_maximised, repeats=False),
    Command("view-next", "Next view", ("Ctrl+Tab",), "Make the next view the active one; Tab does it too", "Views",
            _has_views, group=2),
    Command("view-previous", "Previous view", ("Ctrl+Shift+Tab",),
            "Make the previous view the active one; Shift+Tab does it too", "Views", _has_views, group=2),
    Command("link", "Linked with the other views", ("X",),
            "Scroll, pan and zoom of the active view go with the others of its frame of reference, in mm", "Views",
            _has_other_view, group=3, checked=lambda session: session.layout.active.is_linked, repeats=False),
    Command("link-here", "Link as it stands", ("Shift+X",),
            "Link the active view to the one before it at the slices they show now, whatever their positions say",
            "Views", _has_other_view, group=3, repeats=False),

    Command("window-header", "From the header", ("0",), "The window its header asks for", "Window",
            _has_header_window),
    *(Command(f"window-{p.id}", f"{p.window.name}   {p.window.width:g} / {p.window.centre:g}", (p.key,),
              f"{p.window.name}: width {p.window.width:g}, centre {p.window.centre:g} HU (CT only)", "Window", _is_ct)
      for p in CT_PRESETS),
    Command("window-auto", "Automatic", ("9",), "Percentiles 1 to 99.5 of the stack", "Window", _has_image),
    Command("invert", "Invert", ("I",), "Swap black and white", "Window", _has_image, icon="invert", group=1,
            checked=lambda session: session.layout.active.inverted, repeats=False),

    Command("measure-length", "Length", ("L",), "Measure a length: drag, or click both ends", "Measure", _has_image,
            icon="length", checked=lambda session: session.measuring.tool == "length"),
    Command("measure-region", "Region value", ("O",), "Mean, spread and extremes in a circle", "Measure", _has_image,
            icon="region", checked=lambda session: session.measuring.tool == "region"),
    Command("measure-leave", "Put the tool down", ("Escape",), "Put the tool down; choose nothing", "Measure",
            _holds_something, IMAGE),
    Command("measure-remove", "Remove", ("Del",), "Remove the chosen measurement, own mark or circle", "Measure",
            _has_chosen, group=1),
    Command("undo", "Undo", ("Ctrl+Z",), "Take back what was drawn, marked or removed last", "Measure",
            lambda session: session.second.can_undo, group=1),
    Command("redo", "Redo circle", ("Ctrl+Y", "Ctrl+Shift+Z"), "Draw the circle of a lesion again that was taken back",
            "Measure", lambda session: session.regions.can_redo, group=1),

    Command("overlay-toggle", "Show overlay", ("W",), "Show or hide the heatmap and the marks", "Overlay",
            _has_heat,
            icon="overlay", checked=_is_overlay_shown, repeats=False),
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
    Command("reading-next", "Next system's reading", ("T",), "Work with what the next system says of this series",
            "Candidates", _has_several_readings, group=1),
    Command("reading-previous", "Previous system's reading", ("Shift+T",),
            "Work with what the system before says of this series", "Candidates", _has_several_readings, group=1),
    Command("point-higher", "Operating point: next stop up", ("Ctrl+Right",),
            "To the next named operating point that shows fewer candidates", "Candidates", _has_scores, group=1),
    Command("point-lower", "Operating point: next stop down", ("Ctrl+Left",),
            "To the next named operating point that shows more candidates", "Candidates", _has_scores, group=1),

    Command("mark", "Mark the place under the pointer", ("M",),
            "Own mark at the pointer; with the pointer elsewhere, the next click marks", "Second read", _can_mark,
            icon="mark", checked=lambda session: session.measuring.tool == "mark", repeats=False),
    Command("mark-rate", "Rate the mark", ("G",), "Rate the chosen own mark: then press 1 to 5", "Second read",
            _has_mark),
    Command("key-image", "Key image", ("K",), "Keep the present picture, without patient data", "Second read",
            _has_image, icon="key-image", repeats=False),
    Command("verdict-accept", "Accept the candidate", ("Y",), "Accept the chosen candidate; again: take it back",
            "Second read", _can_judge, group=1, repeats=False),
    Command("verdict-unsure", "Unsure of the candidate", ("U",), "Unsure of the chosen candidate; again: take it back",
            "Second read", _can_judge, group=1, repeats=False),
    Command("verdict-dismiss", "Dismiss the candidate", ("J",), "Dismiss the chosen candidate; again: take it back",
            "Second read", _can_judge, group=1, repeats=False),
    Command("second-read-on", "Done alone, or finish", ("Ctrl+Return",),
            "The next step of the second read: done alone, then finished", "Second read", _can_go_on,
            group=2, repeats=False),
    Command("second-read-export", "Export…", ("Ctrl+E",), "Write CSV, PDF, DICOM SR and SEG, key images",
            "Second read", _has_record, group=2),
    Command("second-read-panel", "System panel or second read", ("S",),
            "Bring the other panel on the right to the front", "Second read", _always, group=3),

    Command("region-draw", "Circle a lesion", ("D",), "Drag from the middle of the lesion to its edge", "Lesion",
            _has_place, checked=lambda session: session.measuring.tool == "circle"),
    Command("region-here", "Circle here", ("Shift+D",), "A circle of 20 mm at the pointer, else in the middle",
            "Lesion", _has_place, IMAGE, repeats=False),
    Command("region-new", "New lesion", ("Ctrl+D",), "The next circle begins another lesion", "Lesion", _has_place,
            repeats=False),
    Command("region-copy-next", "Copy the circle to the next slice", ("Ctrl+Down",),
            "The circle once more on the next slice, and go there", "Lesion", _has_circle, IMAGE, group=1),
    Command("region-copy-previous", "Copy the circle to the previous slice", ("Ctrl+Up",),
            "The circle once more on the previous slice, and go there", "Lesion", _has_circle, IMAGE,
            group=1),
    Command("region-larger", "Circle larger", ("Shift+Up",), "The circle 1 mm wider all round", "Lesion", _has_circle,
            IMAGE, group=1),
    Command("region-smaller", "Circle smaller", ("Shift+Down",), "The circle 1 mm narrower all round", "Lesion",
            _has_circle, IMAGE, group=1),
    *(Command(f"region-{way}", f"Circle {words}", (f"Alt+{way.capitalize()}",), f"Move the circle 1 mm {words}",
              "Lesion", _has_circle, IMAGE, group=1)
      for way, words in (("left", "to the left"), ("right", "to the right"), ("up", "up"), ("down", "down"))),
    Command("region-from-mark", "Circle from my mark", (), "A circle at the chosen own mark, as wide as its diameter",
            "Lesion", lambda session: session.second.mark is not None, group=2),
    Command("region-from-candidate", "Circle from the candidate", (),
            "A circle at the chosen candidate; check its size", "Lesion",
            lambda session: session.findings.candidate(session.findings.selected) is not None, group=2),
    Command("region-file", "Lesions from a file…", (), "Masks, truth.json or circles as JSON", "Lesion", _has_place,
            group=2),
    Command("region-remove", "Remove the lesion", ("Ctrl+Del",), "Remove the chosen lesion with all its circles",
            "Lesion", lambda session: session.regions.chosen is not None, group=2, repeats=False),
    Command("lesion-panel", "Lesion panel", ("Shift+S",), "Circled lesions, clinical facts, three signs; or back",
            "Lesion", _always, group=3),

    Command("run", "Run the system", ("Ctrl+R",),
            "Let the chosen system read the chosen series; it waits if another is being read", "System",
            _has_image, repeats=False),
    Command("run-all", "Queue all that this system can read", ("Ctrl+Shift+R",),
            "Let the chosen system read every open series that it can start on, one after the other", "System",
            _has_volumes),
    Command("run-every", "Run all systems that can run", ("Ctrl+Alt+R",),
            "Let every system and variant that can start on the shown study read it, one after the other", "System",
            _has_volumes, repeats=False),
    Command("cancel", "Cancel the run", ("Ctrl+.",), "Stop the run within a second; the next one starts", "System",
            _is_running),
    Command("cancel-all", "Cancel all runs", ("Ctrl+Shift+.",), "Stop the run and take out all that wait", "System",
            _is_running),
    Command("card", "Model card", ("Ctrl+M",), "What the system was trained on, and how it did", "System",
            _always,
            group=1),

    Command("keys", "Keys and mouse", ("F1", "?"), "All keys on one page", "Help", _always, icon="help"),
    Command("gallery", "Digital liver gallery…", (), "Draw phantoms and look at them, series by series", "Help",
            _always),
    Command("second-read-help", "About the second read", (), "Stages, keys, what is kept and what comes out", "Help",
            _always),
    Command("phantom-help", "About the digital liver", (), "What phantoms are good for, and what they are not",
            "Help", _always),
    Command("log", "Open log folder", (), "The log holds no names of patients", "Help", _always),
    Command("about", "About Overread", (), "Version and purpose", "Help", _always, group=1),
)

_DRAG_WORDS = {"scroll": ("scrolls", "scroll through the slices"),
               "window": ("windows", "window: right is wider, up is brighter")}
MOUSE_HELP = (
    ("Wheel", "next or previous slice"),
    ("Shift + move", "show this place in the other views"),
    ("Double click", "enlarge one of several views, and back"),
    ("Shift + wheel", "5 slices"),
    ("Ctrl + wheel", "zoom at the pointer"),
    ("Alt + wheel", "opacity of the heatmap"),
    ("Window drag with Ctrl / Shift", "fine / coarse"),
    ("Left click", "choose a length, a circle, a lesion or an own mark"),
    ("Left drag on an end", "move the end of a length or a circle"),
    ("Left drag on a lesion's middle / edge", "move / resize its circle"),
    ("Middle drag, or Space + left drag", "pan"),
    ("Ctrl + middle drag", "zoom"),
)


def command(command_id: str) -> Command:
    """The command with this id."""
    return next(c for c in COMMANDS if c.id == command_id)


def menu_titles() -> dict[str, str]:
    """Titles of the menus with ``&`` before the letter that Alt opens them with; no letter is given twice."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for name in MENUS:
        at = next(at for at, letter in enumerate(name) if letter.isalpha() and letter.casefold() not in taken)
        taken.add(name[at].casefold())
        titles[name] = f"{name[:at]}&{name[at:]}"
    return titles


def mouse_help(profile: str) -> tuple[tuple[str, str], ...]:
    """Gestures of the mouse and what they do, in a mouse profile."""
    left, right = DRAGS[profile]
    return ("Left drag", _DRAG_WORDS[left][1]), ("Right drag", _DRAG_WORDS[right][1]), *MOUSE_HELP


def mouse_words(profile: str) -> str:
    """What the two buttons do, in one line."""
    left, right = DRAGS[profile]
    return f"Left drag {_DRAG_WORDS[left][0]}, right drag {_DRAG_WORDS[right][0]}"
