"""What linked views do together: slices, pan and zoom in mm, windows of one phase class, lines, the shared cursor.

Two views go together when their volumes have one frame of reference, or when the reader tied them by hand. Positions
are compared in the *common space*: patient coordinates, plus the shift of a tie. Nothing is compared by counting
slices, and nothing is drawn from one frame of reference into another that is not tied to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from overread.core.study import Volume
from overread.viewing.layout import Layout
from overread.viewing.measure import Position
from overread.viewing.state import State
from overread.viewing.viewport import Tie, Viewport

PARALLEL_DEGREES = 5.0
"""Stacks whose normals differ by less go together; others only show each other's line."""
_SLACK_MM = 0.1
"""Rounding of stored positions."""
_NEAR_SLICES = 2
PHASE_CLASSES = {
    "ct-pre": "CT plain",
    "ct-arterial": "CT with contrast",
    "ct-portal": "CT with contrast",
    "ct-delayed": "CT with contrast",
    "t1-pre": "T1 dynamic",
    "t1-arterial": "T1 dynamic",
    "t1-portal": "T1 dynamic",
    "t1-transitional": "T1 dynamic",
    "t1-delayed": "T1 dynamic",
    "t1-hbp": "T1 hepatobiliary",
    "t1-in": "T1 dual echo",
    "t1-opposed": "T1 dual echo",
    "t1-subtraction": "T1 subtraction",
    "t2": "T2",
    "t2-fs": "T2",
    "adc": "ADC",
}
"""Windows go together inside one of these; diffusion by its b-value, and what has no role by itself."""
_BEYOND, _GAP = "beyond its slices", "no slice here"


@dataclass(frozen=True, slots=True)
class Line:
    """Where another view's slice crosses this one: (row, column) of both ends as shown, and whose it is."""

    a: tuple[float, float]
    b: tuple[float, float]
    of: Viewport


class Linking(State):
    """Lets the views of a layout follow each other. Tells ``links`` or ``cursor``.

    Whichever view is moved leads, and the others follow; ``cursor_mm`` is the place under the shared cursor, in the
    common space, with the frame of reference that it belongs to.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout
        self._is_following = False
        self.cursor: tuple[str, Position] | None = None
        self.cursor_of: Viewport | None = None
        layout.watchers.append(self._viewport_told)

    # What the reader wants

    def toggle(self, viewport: Viewport) -> None:
        """Unlink a view, or link it again by position; a tie made by hand is undone."""
        viewport.is_linked = not viewport.is_linked
        viewport.tie = None
        if viewport.is_linked:
            self._is_following = True
            self._join(viewport)
            self._is_following = False
        self.tell("links")

    def tie(self, viewport: Viewport) -> bool:
        """Link a view to its neighbour as both stand now, whatever their positions are; whether there was one."""
        lead = self._lead_of(viewport)
        if lead is None:
            return False
        own, there = _middle(viewport, panned=True), _to_common(lead, _middle(lead, panned=True))
        frame, normal = _frame(lead), viewport.normal
        if own is None or there is None or frame is None or normal is None:
            return False
        shift = np.subtract(there, own)
        along = float(shift @ normal)
        viewport.tie = Tie(frame, (float(shift[0]), float(shift[1]), float(shift[2])), along)
        viewport.is_linked = lead.is_linked = True
        self.tell("links")
        return True

    def show_place(self, viewport: Viewport, place: Position) -> None:
        """Bring every view that goes with this one to the slice nearest to a patient position of its volume."""
        at = _to_common(viewport, place)
        was, self._is_following = self._is_following, True
        for other in self._others(viewport) if at is not None else ():
            if at is not None and is_linked(viewport, other):
                other.go_to(nearest_slice(other, _from_common(other, at))[0])
        self._is_following = was

    def point(self, viewport: Viewport, place: Position | None) -> None:
        """Move the shared cursor: the other views go to the place and show it. None takes it away."""
        frame, at = _frame(viewport), _to_common(viewport, place)
        was, self.cursor = self.cursor, None if frame is None or at is None else (frame, at)
        self.cursor_of = viewport if self.cursor is not None else None
        if self.cursor == was:
            return
        if place is not None:
            self.show_place(viewport, place)
        self.tell("cursor")

    # What a view shows of the others

    def cursor_in(self, viewport: Viewport) -> tuple[float, float] | None:
        """Shown (row, column) of the shared cursor in a view that is not under the pointer itself."""
        if self.cursor is None or viewport is self.cursor_of or _frame(viewport) != self.cursor[0]:
            return None
        point = viewport.shown_point(_from_common(viewport, self.cursor[1]))
        return None if point is None else (point[0], point[1])

    def lines_in(self, viewport: Viewport) -> list[Line]:
        """Where the slice of the active view crosses this one; in the active view, where those of the others do."""
        active = self._layout.active
        sources = self._others(viewport) if viewport is active else [active]
        found = []
        for source in sources if not self._layout.is_single else ():
            if source is not viewport and share_frame(source, viewport) and not are_parallel(source, viewport):
                ends = crossing(source, viewport)
                if ends is not None:
                    found.append(Line(*ends, source))
        return found

    def words(self, viewport: Viewport) -> str:
        """What a view says of its link, as short as a sign; empty while it simply follows."""
        active = self._layout.active
        if self._layout.is_single or viewport.volume is None:
            return ""
        if not viewport.is_linked:
            return "unlinked"
        tied = f"linked by hand, {viewport.tie.along_mm:+.1f} mm" if viewport.tie is not None else ""
        if viewport is active or active.volume is None or not active.is_linked:
            return tied
        if not share_frame(viewport, active):
            return "not linked"
        if not are_parallel(viewport, active):
            return tied
        at = _to_common(active, _middle(active))
        gap = nearest_slice(viewport, _from_common(viewport, at))[1] if at is not None else ""
        return ",  ".join(filter(None, (tied, gap)))

    def reason(self, viewport: Viewport) -> str:
        """Why a view does not follow, and what can be done, in a sentence; empty when it does."""
        words = self.words(viewport)
        if words == "unlinked":
            return "This view is unlinked: it moves alone. X links it again, Shift+X links it as it stands."
        if words == "not linked":
            why = ("its images do not say in which frame of reference they lie" if _frame(viewport) is None
                   else "it has another frame of reference than the active view")  # fmt: skip
            return f"This view is not linked: {why}. Line it up and press Shift+X in it to link it as it stands."
        return ""

    # Following

    def _viewport_told(self, viewport: Viewport, what: str) -> None:
        if self._is_following or viewport.volume is None or viewport not in self._layout.viewports:
            return
        self._is_following = True
        try:
            if what == "volume":
                self._join(viewport)
            elif what in ("slice", "placement", "window"):
                self._lead(viewport, what)
        finally:
            self._is_following = False

    def _lead(self, viewport: Viewport, what: str) -> None:
        for other in self._others(viewport):
            if not is_linked(viewport, other):
                continue
            if what == "window":
                follow_window(viewport, other)
            elif are_parallel(viewport, other):
                (follow_slice if what == "slice" else follow_placement)(viewport, other)

    def _join(self, viewport: Viewport) -> None:
        """Bring a view that has come to where the others are."""
        lead = next((o for o in self._others(viewport) if is_linked(viewport, o) and are_parallel(viewport, o)), None)
        if lead is not None:
            follow_slice(lead, viewport)
            follow_placement(lead, viewport)
            if not lead.has_default_window:
                follow_window(lead, viewport)

    def _others(self, viewport: Viewport) -> list[Viewport]:
        """The other views that show something, the active one first."""
        active = self._layout.active
        ordered = [active, *(v for v in self._layout.viewports if v is not active)]
        return [v for v in ordered if v is not viewport and v.volume is not None]

    def _lead_of(self, viewport: Viewport) -> Viewport | None:
        """The view that another is tied to: the one that was active before, else the first of its plane."""
        fitting = [v for v in self._others(viewport) if _frame(v) is not None and are_parallel(viewport, v)]
        before = self._layout.before
        return before if before in fitting else next(iter(fitting), None)


def is_linked(one: Viewport, other: Viewport) -> bool:
    """Whether two views go together."""
    return one.is_linked and other.is_linked and share_frame(one, other)


def share_frame(one: Viewport, other: Viewport) -> bool:
    """Whether positions of two views can be compared; an unknown frame of reference is nobody's."""
    frame = _frame(one)
    return frame is not None and frame == _frame(other)


def are_parallel(one: Viewport, other: Viewport) -> bool:
    """Whether the slices of two views lie in one plane, within a few degrees, in whichever order they are stored."""
    first, second = one.normal, other.normal
    if first is None or second is None:
        return False
    return abs(float(first @ second)) >= math.cos(math.radians(PARALLEL_DEGREES))


def phase_class(volume: Volume | None) -> str | None:
    """The class inside which windows go together; None for a volume that stands alone."""
    if volume is None or volume.role.name is None:
        return None
    if volume.role.name == "dwi":
        return f"diffusion {volume.b_value}"
    return PHASE_CLASSES.get(volume.role.name)


def follow_slice(lead: Viewport, viewport: Viewport) -> None:
    """Show the slice nearest to the one that another view shows."""
    at = _to_common(lead, _middle(lead))
    if at is not None:
        viewport.go_to(nearest_slice(viewport, _from_common(viewport, at))[0])


def follow_placement(lead: Viewport, viewport: Viewport) -> None:
    """Show the same millimetres as another view; a whole slice where that one shows its whole slice."""
    if lead.zoom == 1 and lead.centre == (0.0, 0.0):
        viewport.fit()
        return
    at = _to_common(lead, _middle(lead, panned=True))
    middle = viewport.shown_point(_from_common(viewport, at)) if at is not None else None
    spacing = viewport.spacing_mm
    if middle is None or spacing is None:
        return
    rows, columns = viewport.shown_shape()
    # Same points per mm in a widget of the leader's size: views of other sizes then show the same part of the body.
    zoom = lead.zoom * _fit(lead, lead.size) / _fit(viewport, lead.size)
    centre = ((middle[1] - (columns - 1) / 2) * spacing[1], (middle[0] - (rows - 1) / 2) * spacing[0])
    viewport.show_placed(zoom, centre)


def follow_window(lead: Viewport, viewport: Viewport) -> None:
    """Take the window of another view of the same phase class; its own first one where that was reset."""
    if phase_class(lead.volume) is None or phase_class(lead.volume) != phase_class(viewport.volume):
        return
    if viewport.inverted != lead.inverted:
        viewport.invert()
    if lead.has_default_window:
        if not viewport.has_default_window:
            viewport.reset_window()
    elif lead.window is not None and lead.window != viewport.window:
        viewport.set_window(lead.window)


def nearest_slice(viewport: Viewport, place: Position) -> tuple[int, str]:
    """The slice nearest to a patient position, by the slices' own positions, and what is to be said of it.

    Nothing is said within half the distance between slices; else that the position lies beyond the stack or in a gap.
    """
    volume, normal = viewport.volume, viewport.normal
    if volume is None or volume.affine is None or normal is None:
        return viewport.slice, ""
    along, at = viewport.slice_positions(), float(np.asarray(place) @ normal)
    k = int(np.argmin(np.abs(along - at)))
    reach = volume.affine.spacing_mm[0] / 2 + _SLACK_MM
    if abs(along[k] - at) <= reach:
        return k, ""
    inside = float(along.min()) < at < float(along.max())
    return k, _GAP if inside else _BEYOND


def crossing(source: Viewport, viewport: Viewport) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The two ends, as shown (row, column), of where the slice of one view cuts the slice of another; None without.

    The line is as long as the source's slice, so that it shows how far that reaches.
    """
    rows, columns = source.shown_shape()
    outline = [(-0.5, -0.5), (-0.5, columns - 0.5), (rows - 0.5, columns - 0.5), (rows - 0.5, -0.5)]
    corners = []
    for row, column in outline:
        at = _to_common(source, source.patient_point(row, column))
        seen = viewport.shown_point(_from_common(viewport, at)) if at is not None else None
        if seen is None:
            return None
        corners.append((seen[0], seen[1], seen[2] - viewport.slice))
    ends = []
    for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
        if (one[2] < 0) != (other[2] < 0):
            share = one[2] / (one[2] - other[2])
            ends.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
    return (ends[0], ends[1]) if len(ends) == 2 else None


def place_in(viewport: Viewport, place: Position, source: Volume) -> tuple[float, float, bool] | None:
    """Where a place found in another volume lies on the present slice: row, column, whether this is its own slice.

    None where it is not drawn: on slices too far off, and in any other frame of reference.
    """
    volume, normal = viewport.volume, viewport.normal
    if volume is None or volume.affine is None or normal is None or source.affine is None:
        return None
    if not has_frame_of(volume, source):
        return None
    k, gap = nearest_slice(viewport, place)
    off = abs(float(viewport.slice_positions()[viewport.slice] - np.asarray(place) @ normal))
    reach = max(_NEAR_SLICES * source.affine.spacing_mm[0], volume.affine.spacing_mm[0] / 2) + _SLACK_MM
    point = viewport.shown_point(place)
    if point is None or gap or off > reach:
        return None
    return point[0], point[1], k == viewport.slice


def has_frame_of(volume: Volume, other: Volume) -> bool:
    """Whether two volumes lie in one frame of reference by their headers, whatever was tied by hand."""
    return volume.frame_of_reference is not None and volume.frame_of_reference == other.frame_of_reference


def _frame(viewport: Viewport) -> str | None:
    if viewport.volume is None or viewport.volume.affine is None:
        return None
    return viewport.tie.frame if viewport.tie is not None else viewport.volume.frame_of_reference


def _to_common(viewport: Viewport, place: Position | None) -> Position | None:
    if place is None or viewport.tie is None:
        return place
    x, y, z = (p + s for p, s in zip(place, viewport.tie.shift_mm, strict=True))
    return x, y, z


def _from_common(viewport: Viewport, place: Position) -> Position:
    if viewport.tie is None:
        return place
    x, y, z = (p - s for p, s in zip(place, viewport.tie.shift_mm, strict=True))
    return x, y, z


def _middle(viewport: Viewport, panned: bool = False) -> Position | None:
    """The patient position in the middle of the present slice, or of what is seen of it."""
    rows, columns = viewport.shown_shape()
    row, column = (rows - 1) / 2, (columns - 1) / 2
    if panned and viewport.spacing_mm is not None:
        row += viewport.centre[1] / viewport.spacing_mm[0]
        column += viewport.centre[0] / viewport.spacing_mm[1]
    return viewport.patient_point(row, column)


def _fit(viewport: Viewport, size: tuple[float, float]) -> float:
    """Points per mm at which the whole slice fits into a widget of this size."""
    placed = viewport.turn.shape(viewport.volume.shape[1:]) if viewport.volume is not None else (1, 1)
    spacing = viewport.spacing_mm or (1.0, 1.0)
    return min(size[0] / (placed[1] * spacing[1]), size[1] / (placed[0] * spacing[0]))
