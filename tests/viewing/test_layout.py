"""A layout keeps what is looked at, however many views there are."""

import pytest

from overread.viewing.layout import Cell, Layout


def test_active_view_stays_when_views_go(volume):
    layout = Layout()
    layout.arrange(2, 2)
    layout.viewports[3].show(volume())
    layout.activate(layout.viewports[3])
    last = layout.active
    layout.arrange(1, 2)
    assert layout.active is last
    layout.arrange(1, 1)
    assert layout.viewports == [last]


def test_views_that_stay_keep_what_they_show(volume):
    layout = Layout()
    layout.active.show(volume())
    layout.active.go_to(1)
    layout.arrange(2, 2)
    assert (layout.viewports[0].slice, layout.viewports[1].volume) == (1, None)


def test_watchers_hear_new_views_and_no_more_of_those_that_went(volume):
    layout, heard = Layout(), []
    layout.watchers.append(lambda viewport, what: heard.append((viewport, what)))
    layout.arrange(1, 2)
    gone = layout.viewports[1]
    gone.show(volume())
    assert (gone, "volume") in heard
    layout.arrange(1, 1)
    heard.clear()
    gone.go_to(0)
    assert heard == []


def test_look_of_the_map_and_corner_text_are_the_same_in_all_views(volume):
    layout = Layout()
    layout.arrange(1, 2)
    first, second = layout.viewports
    first.overlay.set_opacity(0.8)
    first.overlay.hold(True)
    first.next_text()
    assert (second.overlay.opacity, second.overlay.held, second.text) == (0.8, True, "few")
    layout.arrange(2, 2)
    assert layout.viewports[3].text == "few"


def test_map_of_a_view_that_went_is_drawn_no_more():
    layout, told = Layout(), []
    layout.arrange(1, 2)
    layout.viewports[1].overlay.listeners.append(told.append)
    layout.arrange(1, 1)
    layout.active.overlay.set_opacity(0.5)
    assert told == []


def test_enlarged_view_is_the_active_one_and_going_on_enlarges_the_next():
    layout = Layout()
    layout.toggle_maximised()
    assert not layout.is_maximised
    layout.arrange(1, 3)
    layout.toggle_maximised()
    layout.step(-1)
    assert layout.on_screen == [layout.viewports[2]]
    layout.toggle_maximised()
    assert layout.on_screen == layout.viewports


def test_layout_of_nothing_is_refused():
    with pytest.raises(ValueError, match="shows nothing"):
        Layout().arrange(0, 2)


def test_cells_may_span():
    layout = Layout()
    layout.arrange(2, 2, (Cell(0, 0), Cell(0, 1), Cell(1, 0, 1, 2)))
    assert len(layout.viewports) == 3
