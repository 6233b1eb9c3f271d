"""Everything the window shows: what was found on disk, the viewports, what the systems found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from overread.core.heatmap import Heatmap
from overread.core.study import Scan, Series, Study, Volume
from overread.viewing.corner import role_words, volume_title
from overread.viewing.facts import FactsForm
from overread.viewing.findings import Findings
from overread.viewing.hanging import Hanging, hang, to_fill
from overread.viewing.layers import Found, Layer, Layers, placed_on
from overread.viewing.layout import Layout
from overread.viewing.linking import Linking, has_frame_of
from overread.viewing.measure import Measuring
from overread.viewing.regions import Regions
from overread.viewing.results import Result, Results, marks_on
from overread.viewing.run_queue import RunQueue
from overread.viewing.second_reading import SecondReading
from overread.viewing.signs import Signs
from overread.viewing.state import State
from overread.viewing.viewport import Viewport

_LAST_ROLES = ("localiser", "mask")
_EIGHT_BITS = ("uint8", "int8", "bool")


class Session(State):
    """The root of the view state. Tells ``scan``, ``volume`` (of the active viewport), ``views`` or ``results``.

    Results stay for as long as the window is open: a volume that is opened again has its reading at once, and runs
    that finish after another study was opened are not lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scan: Scan | None = None
        self.layout = Layout()
        self.linking = Linking(self.layout)
        self.findings = Findings()
        self._read_in: dict[Viewport, Findings] = {}
        self.queue = RunQueue()
        self._results = Results()
        self._layers = Layers(self._results)
        self._panel: Result | None = None
        self._withheld: set[str] = set()
        self.regions, self.form, self.signs = Regions(), FactsForm(), Signs()
        self.regions.is_withheld = self.is_withheld
        self.findings.listeners.append(self._findings_changed)
        self.measuring = Measuring()
        self.second = SecondReading(self, self.measuring)
        self.layout.listeners.append(self._layout_changed)

    def set_scan(self, scan: Scan | None) -> None:
        """Take what was found; partial scans replace each other."""
        self.scan = scan
        self.tell("scan")

    def clear(self) -> None:
        """Forget what is shown, before other paths are opened; results are kept."""
        self.layout.active.show(None)
        self.layout.arrange(1, 1)
        self.findings.show(None)
        self.set_scan(None)
        self.tell("volume")

    def places(self) -> Iterator[tuple[Study, Series, Volume]]:
        """Every volume with its series and study."""
        for study in self.scan.studies if self.scan is not None else ():
            for series in study.series:
                for volume in series.volumes:
                    yield study, series, volume

    def find(self, volume_id: str) -> tuple[Study, Series, Volume] | None:
        """The volume with this id, and where it belongs."""
        return next((place for place in self.places() if place[2].id == volume_id), None)

    def newest(self, volume: Volume) -> Volume | None:
        """The volume in the present scan that has the id of ``volume``, or else its first slice."""
        same = self.find(volume.id)
        if same is not None:
            return same[2]
        if not volume.slices:
            return None
        first = (volume.slices[0].path, volume.slices[0].frame)
        return next((v for _, _, v in self.places() if first in {(s.path, s.frame) for s in v.slices}), None)

    def neighbour(self, by: int) -> Volume | None:
        """The volume so many places after the one that is shown, None beyond the ends."""
        shown, volumes = self.layout.active.volume, [volume for _, _, volume in self.places()]
        ids = [volume.id for volume in volumes]
        at = ids.index(shown.id) + by if shown is not None and shown.id in ids else 0
        return volumes[at] if 0 <= at < len(volumes) else None

    def show(self, volume: Volume, viewport: Viewport | None = None) -> None:
        """Show a volume in a viewport, the active one unless another is named, with the reading that was made of
        it, if any."""
        viewport = viewport or self.layout.active
        place = self.find(volume.id)
        title, date = (volume_title(place[1], volume), place[0].date) if place else ("", None)
        viewport.show(volume, title, date)
        if viewport is self.layout.active:
            self._show_active()
        else:
            self._dress(viewport)
            self.tell("views")

    @property
    def study(self) -> Study | None:
        """The study that is shown, the first one while nothing is."""
        studies = self.scan.studies if self.scan is not None else ()
        shown = next((v.volume.id for v in (self.layout.active, *self.layout.viewports) if v.volume is not None), None)
        return next((s for s in studies if any(v.id == shown for v in s.volumes())), next(iter(studies), None))

    @property
    def study_volumes(self) -> list[Volume]:
        """The volumes of the study that is shown, of the first one while nothing is."""
        mine = self.study
        return list(mine.volumes()) if mine is not None else []

    def hanging(self) -> Hanging | None:
        """How the phases of the shown study hang; None where there are not two of them."""
        hanging = hang(self.study_volumes)
        return hanging if hanging is not None and len(hanging.volumes) > 1 else None

    def for_empty_views(self) -> list[tuple[Viewport, Volume]]:
        """What the empty viewports should show next."""
        empty = [v for v in self.layout.viewports if v.volume is None]
        shown = [v.volume.id for v in self.layout.viewports if v.volume is not None]
        return list(zip(empty, to_fill(self.study_volumes, shown, len(empty)), strict=False))

    def findings_of(self, viewport: Viewport) -> Findings:
        """What a system found in the volume of a view; that of the active one can be worked with."""
        if viewport is self.layout.active:
            return self.findings
        return self._read_in.setdefault(viewport, Findings())

    def found_in(self, viewport: Viewport) -> list[Found]:
        """The candidates that a view draws on its present slice, of every system that is not hidden.

        What is found on one phase is seen on all in its frame of reference. Of a system that read several of them the
        reading of the active view counts, else that of the view itself. Nothing while the view's volume, or the active
        one, is read alone.
        """
        volume = viewport.volume
        layers = self.layers(viewport)
        found = []
        for layer in layers if volume is not None else ():
            assert volume is not None
            home = self.find(layer.result.home)
            if not layer.is_shown or (home is None and not layer.reads_it):
                continue
            is_at_home = layer.reads_it and (home is None or home[2].frame_of_reference == volume.frame_of_reference)
            source = volume if is_at_home or home is None else home[2]
            for candidate in self._layers.candidates(layer.result, volume):
                at = placed_on(candidate, viewport, source)
                if at is not None:
                    is_chosen = layer.is_chosen and candidate.number == self.findings.selected
                    letter = layer.letter if len(layers) > 1 else ""
                    found.append(Found(candidate, *at, is_chosen, layer.rank, letter, layer.is_chosen))
        return found

    @property
    def has_scores_in_view(self) -> bool:
        """Whether any view shows a volume whose slices have scores."""
        return any(self.findings_of(viewport).slice_scores() for viewport in self.layout.viewports)

    def layer_words(self, viewport: Viewport) -> str:
        """Whose map and marks lie over a view: the system and its operating point, and where they are from when
        that is another volume."""
        if viewport.overlay.is_visible:
            findings = self.findings_of(viewport)
            letter = self._results.letter(findings.system) if len(self.layers(viewport)) > 1 else ""
            return f"{letter} {findings.layer_words()}".lstrip()  # a small view cuts the name before the variant
        if not viewport.overlay.shown or viewport.overlay.held:
            return ""
        ranks = {found.rank for found in self.found_in(viewport)}
        by_home: dict[str, list[Layer]] = {}
        for layer in self.layers(viewport):
            home = self.find(layer.result.home)
            if layer.rank in ranks and not layer.reads_it and home is not None:
                by_home.setdefault(role_words(home[2]) or volume_title(home[1], home[2]), []).append(layer)
        return ", ".join(f"{_names(layers)}   on {title}" for title, layers in by_home.items())

    def layers(self, viewport: Viewport | None = None) -> list[Layer]:
        """The readings that concern the volume of a view, one of each system, the active view unless another is
        named. Empty while they may not be seen."""
        volume = (viewport or self.layout.active).volume
        if volume is None or not self._may_show(volume):
            return []
        near = [other.id for _, _, other in self.places() if has_frame_of(volume, other)]
        best: dict[str, Layer] = {}
        latest = self._results.latest(volume.id)
        for layer in self._layers.of(volume, self._panel, near):
            read = layer.result.volumes
            if all(self.is_withheld(each) for each in read) or any(map(self.second.is_being_read_alone, read)):
                continue  # revealed on one series, it would tell the reader what to find on the sister
            before = best.get(layer.result.system)
            is_latest = latest is not None and layer.result.key == latest.key
            if before is None or layer.is_chosen or (not before.is_chosen and (is_latest or not before.reads_it)):
                best[layer.result.system] = layer
        return list(best.values())

    def show_layer(self, system: str, shown: bool) -> None:
        """Show or hide what a system marks, and its map."""
        if self._layers.set_shown(system, shown):
            self._show_active_result()
            self.tell("layers")

    def step_reading(self, by: int) -> None:
        """Work with the next (1) or previous (-1) of the readings of the shown volume."""
        mine = [layer for layer in self.layers() if layer.reads_it]
        if len(mine) > 1:
            at = next((n for n, layer in enumerate(mine) if layer.is_chosen), 0)
            self.prefer(mine[0].result.volumes[0], mine[(at + by) % len(mine)].result.system)

    def set_result(self, volume_id: str, result: Result) -> None:
        """Keep a system's reading of a volume, and of what else it read, and show it where one of them is shown."""
        made = self._results.keep(volume_id, result)
        self._layers.set_shown(made.system, True)
        self._show_again(*made.volumes)
        self.tell("results")

    def has_result(self, volume_id: str) -> bool:
        """Whether a system's reading of this volume is here."""
        return self._results.latest(volume_id) is not None

    def result(self, volume_id: str, system: str | None = None) -> Result | None:
        """A system's reading of a volume, the one that is shown unless one is named; None while there is none."""
        return self._results.latest(volume_id) if system is None else self._results.named(volume_id, system)

    @property
    def panel_result(self) -> Result | None:
        """The reading that the panel shows, while it may be seen."""
        return self._panel

    def results_of(self, volume_id: str) -> tuple[Result, ...]:
        """Every reading that a volume went into."""
        return self._results.of(volume_id)

    def prefer(self, volume_id: str, system: str) -> None:
        """Show what this system made of the volume, where it has read it."""
        result = self._results.named(volume_id, system)
        if result is not None and self._results.prefer(result):
            self._show_again(*result.volumes)
            self.tell("layers")

    def withhold(self, wanted: Mapping[str, bool]) -> None:
        """Keep back what systems find in these volumes while their reader reads alone (True), or give it free.

        However many there are, it is told once: a folder can hold hundreds.
        """
        changed = [volume_id for volume_id, withheld in wanted.items() if withheld != self.is_withheld(volume_id)]
        for volume_id in changed:
            (self._withheld.add if wanted[volume_id] else self._withheld.discard)(volume_id)
        if changed:
            self._show_again(*changed)
            self.tell("results")

    def is_withheld(self, volume_id: str) -> bool:
        """Whether nothing that a system found in this volume may be shown, not even how much."""
        return volume_id in self._withheld

    def state_words(self, volume_id: str) -> str:
        """What systems did and do with a volume, as short as its row in the tree; empty if nothing."""
        run = self.queue.latest(volume_id)
        words = run.row_words() if run is not None else ""
        return words or ("read by a system" if self.has_result(volume_id) else "")

    def _show_again(self, *volume_ids: str) -> None:
        shown = self.layout.active.volume
        if shown is not None and shown.id in volume_ids:
            self._show_result(shown)
        self._dress_others()

    def _show_active(self) -> None:
        """What belongs to the active viewport: its reading, and what that lets the others show."""
        volume = self.layout.active.volume
        if volume is None:
            self._panel = None
            self.findings.show(None)
        else:
            self._show_result(volume)
        self._dress_others()
        self.regions.show(volume)
        for state in (self.form, self.signs):
            state.show(study_key(self.study))
        self.tell("volume")

    def _layout_changed(self, what: str) -> None:
        if what == "active":
            self._show_active()
        else:
            self._read_in = {v: f for v, f in self._read_in.items() if v in self.layout.viewports}
            self.tell("views")

    def _may_show(self, volume: Volume) -> bool:
        """Whether systems may be seen on a volume: not while it, or what the reader looks at, is read alone."""
        active = self.layout.active.volume
        return not self.is_withheld(volume.id) and (active is None or not self.is_withheld(active.id))

    def _result_shown(self, volume: Volume) -> Result:
        return (self.result(volume.id) if self._may_show(volume) else None) or Result()

    def _dress_others(self) -> None:
        for viewport in self.layout.viewports:
            if viewport is not self.layout.active:
                self._dress(viewport)

    def _dress(self, viewport: Viewport) -> None:
        """Lay the map of its own volume over a viewport that is not active."""
        volume = viewport.volume
        if volume is None:
            return
        result = self._result_shown(volume)
        heatmap = self._map_on(result, volume)
        if viewport.overlay.heatmap is not heatmap:
            viewport.overlay.set_heatmap(heatmap, volume.grid, viewport.turn)
        self._read(result, volume, self.findings_of(viewport))
        viewport.overlay.set_called(self.findings_of(viewport).called_slices())

    def _show_result(self, volume: Volume) -> None:
        result, viewport = self._result_shown(volume), self.layout.active
        heatmap = self._map_on(result, volume)
        if viewport.overlay.heatmap is not heatmap or heatmap is None:
            viewport.overlay.set_heatmap(heatmap, volume.grid, viewport.turn)
        self._panel = result if result.reading is not None else None
        self._read(result, volume, self.findings)

    def _show_active_result(self) -> None:
        """The maps again, after a system was shown or hidden."""
        for viewport in self.layout.viewports:
            volume = viewport.volume
            if volume is not None:
                heatmap = self._map_on(self._result_shown(volume), volume)
                viewport.overlay.set_heatmap(heatmap, volume.grid, viewport.turn)

    def _map_on(self, result: Result, volume: Volume) -> Heatmap | None:
        """The map of a reading, on the volume whose slices it counts, unless its system is hidden."""
        is_its = result.home in ("", volume.id)
        return result.heatmap if is_its and self._layers.is_shown(result.system) else None

    def _read(self, result: Result, volume: Volume, findings: Findings) -> None:
        """Give findings a result, at the operating point that the person left it at."""
        marks = marks_on(result.reading.marks, volume) if result.reading is not None else ()
        findings.show(result.reading, result.heatmap, system=result.system, points=result.points,
                      caution=result.caution, floor=result.floor, notes=result.notes, marks=marks,
                      volume_id=volume.id if len(result.volumes) > 1 else None)  # fmt: skip
        if result.key in self._layers.thresholds:
            findings.set_threshold(self._layers.thresholds[result.key])

    def _findings_changed(self, what: str) -> None:
        threshold = self.findings.threshold
        if what == "point" and self._panel is not None and threshold is not None:
            self._layers.thresholds[self._panel.key] = threshold
        if what in ("reading", "point"):
            self.layout.active.overlay.set_called(self.findings.called_slices())


def _names(layers: Sequence[Layer]) -> str:
    """A system by its name, several by the letters that stand beside their marks: the image has no room for more."""
    return layers[0].result.system if len(layers) == 1 else " ".join(layer.letter for layer in layers)


def study_key(study: Study | None) -> str:
    """What a study is kept under while the window is open."""
    if study is None:
        return ""
    return study.study_uid or next((volume.id for volume in study.volumes()), "")


def first_to_show(volumes: list[Volume], roles: tuple[str, ...] = ()) -> Volume | None:
    """The volume to open with: one with a wanted role, else the regular volume with the most slices.

    Localisers, masks and what is stored in 8 bits (labels, screen captures) come last; a sure role before a guess.
    """
    def rank(volume: Volume) -> tuple[bool, bool, bool, bool, bool, int]:
        wanted = volume.role.name in roles
        return (wanted, wanted and volume.role.is_sure, volume.role.name not in _LAST_ROLES,
                volume.dtype not in _EIGHT_BITS, volume.kind == "volume", volume.frames)

    return max(volumes, key=rank, default=None)
