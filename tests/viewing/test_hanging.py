"""Phases hang in time order, other contrasts beside them, and what is missing leaves no hole."""

import itertools

import pytest

from overread.core.roles import Role
from overread.viewing.hanging import hang, to_fill

CT = ("ct-pre", "ct-arterial", "ct-portal", "ct-delayed")
MR = ("t1-pre", "t1-arterial", "t1-portal", "t1-transitional", "t1-hbp")


@pytest.fixture
def study(volume):
    def make(*roles, **changes):
        modality = "CT" if any(role.startswith("ct") for role in roles) else "MR"
        return [
            volume(id=f"{n}-{role}", role=Role(role, 0.9), modality=modality, **changes) for n, role in enumerate(roles)
        ]

    return make


def _covered(hanging):
    """Every place of the grid with the role that lies there; fails where two lie on one place."""
    seen = {}
    for cell, volume in zip(hanging.cells, hanging.volumes, strict=True):
        for row, column in itertools.product(range(cell.rows), range(cell.columns)):
            place = cell.row + row, cell.column + column
            assert place not in seen
            seen[place] = volume.role.name
    return seen


def test_four_ct_phases_hang_two_by_two_in_time_order(study):
    hanging = hang(study("ct-delayed", "ct-portal", "ct-pre", "ct-arterial"))
    assert (hanging.rows, hanging.columns) == (2, 2)
    assert _covered(hanging) == {
        (0, 0): "ct-pre", (0, 1): "ct-arterial", (1, 0): "ct-portal", (1, 1): "ct-delayed"
    }  # fmt: skip


def test_two_ct_phases_hang_side_by_side_and_one_alone(study):
    two = hang(study("ct-portal", "ct-arterial"))
    assert ((two.rows, two.columns), [v.role.name for v in two.volumes]) == ((1, 2), ["ct-arterial", "ct-portal"])
    assert len(hang(study("ct-portal")).cells) == 1


def test_mr_hangs_t1_on_the_left_and_t2_and_diffusion_on_the_right(study):
    hanging = hang(study("dwi", "t2-fs", *reversed(MR)))
    seen = _covered(hanging)
    right = hanging.columns - 1
    assert [v.role.name for v in hanging.volumes[:5]] == list(MR)
    assert {seen[row, right] for row in range(hanging.rows)} == {"t2-fs", "dwi"}
    assert seen[0, right] == "t2-fs"
    assert all(seen[row, column] in MR for row in range(hanging.rows) for column in range(right))


@pytest.mark.parametrize("present", [c for n in range(1, 6) for c in itertools.combinations(MR, n)])
@pytest.mark.parametrize("beside", [(), ("t2",), ("dwi",), ("t2", "dwi")])
def test_no_set_of_mr_series_leaves_a_hole_or_loses_its_order(study, present, beside):
    hanging = hang(study(*beside, *present))
    seen = _covered(hanging)
    assert set(seen) == set(itertools.product(range(hanging.rows), range(hanging.columns)))
    assert [v.role.name for v in hanging.volumes] == [*present, *beside]


@pytest.mark.parametrize("present", [c for n in range(1, 5) for c in itertools.combinations(CT, n)])
def test_no_set_of_ct_phases_leaves_a_hole(study, present):
    hanging = hang(study(*present))
    assert set(_covered(hanging)) == set(itertools.product(range(hanging.rows), range(hanging.columns)))


def test_dual_echo_stands_in_where_there_are_no_phases(study):
    assert [v.role.name for v in hang(study("t2-fs", "t1-opposed", "t1-in")).volumes] == [
        "t1-in",
        "t1-opposed",
        "t2-fs",
    ]
    assert "t1-in" not in [v.role.name for v in hang(study("t1-in", "t1-pre", "t1-hbp")).volumes]


def test_study_without_phases_does_not_hang(study, volume):
    assert hang([]) is None
    assert hang([volume(role=Role(None)), volume(role=Role("localiser", 0.9))]) is None


def test_sure_role_and_axial_stack_go_before_a_guess_and_a_coronal_one(volume, affine):
    guess = volume(id="guess", role=Role("ct-portal", 0.5), modality="CT")
    sure = volume(id="sure", role=Role("ct-portal", 0.9), modality="CT")
    coronal = volume(id="coronal", role=Role("ct-portal", 0.9), modality="CT",
                     affine=affine(down=(0, 0, -1), step=(0, 3, 0)))  # fmt: skip
    assert [v.id for v in hang([coronal, guess, sure]).volumes] == ["sure"]


def test_highest_b_value_hangs(volume):
    stacks = [volume(id=f"b{b}", role=Role("dwi", 0.9), b_value=float(b)) for b in (0, 800, 400)]
    assert [v.id for v in hang([volume(id="t1", role=Role("t1-hbp", 0.9)), *stacks]).volumes] == ["t1", "b800"]


def test_empty_views_take_phases_first_then_the_rest_but_no_localiser_and_nothing_twice(study, volume):
    rest = [volume(id="scout", role=Role("localiser", 0.9)), volume(id="sub", role=Role("t1-subtraction", 0.9))]
    volumes = [*rest, *study("t1-hbp", "t1-pre")]
    assert [v.id for v in to_fill(volumes, ["0-t1-hbp"], 5)] == ["1-t1-pre", "sub"]
    assert [v.id for v in to_fill(volumes, [], 1)] == ["1-t1-pre"]
