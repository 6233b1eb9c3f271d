"""What the gate says of decoded pixels: bodies are let in; masks, noise, empty and spoilt series are not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overread.core.study import Pixels
from overread.systems.gate import check_pixels
from overread.systems.gate_limits import DEFAULTS, Gate
from overread.systems.gate_pixels import pixel_figures


def _body(slices: int = 20, size: int = 96, seed: int = 0) -> NDArray[np.uint16]:
    """An ellipse with organs in a noisy field, as bright as MR is."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]  # type: ignore[misc]
    slice_ = 300.0 * (x**2 / 0.7 + y**2 / 0.4 < 1) + 150 * ((x + 0.3) ** 2 + y**2 < 0.1) + 90 * np.cos(9 * x)
    volume = np.clip(slice_, 0, None)[None] + random.normal(40, 12, (slices, size, size))
    return np.clip(volume, 0, None).astype(np.uint16)


def _pixels(stored: NDArray[np.generic], missing: tuple[int, ...] = ()) -> Pixels:
    count = stored.shape[0]
    return Pixels(stored, np.ones(count), np.zeros(count), missing=missing)


def _says(stored: NDArray[np.generic], missing: tuple[int, ...] = ()) -> tuple[str, list[str]]:
    answer = check_pixels(_pixels(stored, missing), Gate())
    return answer.verdict, [remark.code for remark in answer.remarks]


def test_a_body_is_let_in_without_a_word() -> None:
    assert _says(_body()) == ("accept", [])


def test_a_body_in_hounsfield_units_with_a_padded_rim_is_let_in() -> None:
    stored = _body().astype(np.int16) - 1024
    stored[:, :10] = stored[:, -10:] = -2000
    assert _says(stored) == ("accept", [])


def test_a_mask_is_refused_in_one_sentence() -> None:
    answer = check_pixels(_pixels((_body() > 200).astype(np.uint8)), Gate())
    assert answer.verdict == "refuse"
    (sentence,) = answer.sentences
    assert sentence.startswith("Its pixels hold 2 different grey values, fewer than 32: ")


def test_noise_without_a_body_is_refused() -> None:
    noise = np.random.default_rng(1).integers(0, 500, (12, 64, 64)).astype(np.uint16)
    assert _says(noise) == ("refuse", ["structure"])


def test_a_constant_volume_is_refused() -> None:
    verdict, codes = _says(np.full((12, 64, 64), 7, dtype=np.uint16))
    assert verdict == "refuse"
    assert "grey_values" in codes


def test_black_and_white_exchanged_is_refused() -> None:
    body = _body()
    assert _says(body.max() - body) == ("refuse", ["edge_brightness"])


def test_a_volume_cut_off_at_its_bright_end_is_warned_of() -> None:
    body = _body()
    verdict, codes = _says(np.minimum(body, np.uint16(np.percentile(body, 94))))
    assert (verdict, codes) == ("warn", ["brightest_share"])


def test_a_few_empty_slices_are_warned_of_and_many_are_refused() -> None:
    body = _body()
    body[3:5] = 0
    assert _says(body) == ("warn", ["blank_share"])
    body[3:15] = 0
    assert _says(body) == ("refuse", ["blank_share"])


def test_slices_that_could_not_be_decoded_are_not_called_empty() -> None:
    body = _body()
    body[:3] = 0
    assert _says(body, (0, 1, 2)) == ("accept", [])
    assert _says(body, tuple(range(12))) == ("refuse", ["undecoded_share"])
    assert _says(body, tuple(range(20))) == ("refuse", ["undecoded_share"])


def test_values_that_are_no_numbers_are_warned_of() -> None:
    body = _body().astype(np.float32)
    body[:, 40:50, 40:50] = np.nan
    assert _says(body) == ("warn", ["no_number_share"])
    body[:] = np.inf
    assert _says(body)[0] == "refuse"


def test_a_picture_smaller_than_a_block_has_no_structure_to_speak_of() -> None:
    assert pixel_figures(_pixels(_body(size=12)))["structure"] == 1


@settings(max_examples=200, deadline=None)
@given(
    dtype=st.sampled_from(["u1", "i1", "u2", "i2", "i4", "f4", "f8"]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32),
    zeroed=st.floats(0, 1),
    slope=st.sampled_from([1.0, -1.0, 0.0, 1e-6, 1e30]),
)
def test_any_pixels_get_an_answer_and_no_numerical_warning(
    dtype: str, shape: tuple[int, int, int], seed: int, zeroed: float, slope: float
) -> None:
    random = np.random.default_rng(seed)
    stored = (
        np.frombuffer(random.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype=dtype).reshape(shape).copy()
    )
    stored[random.random(shape) < zeroed] = 0
    count = shape[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = pixel_figures(Pixels(stored, np.full(count, slope), np.zeros(count)))
    assert set(figures) <= set(DEFAULTS)
    assert all(np.isfinite(v) for v in figures.values())
    assert check_pixels(_pixels(stored), Gate()).verdict in ("accept", "warn", "refuse")


def test_the_answer_on_a_large_volume_takes_little_time_and_memory() -> None:
    stored = np.broadcast_to(_body(1, 512)[0], (100, 512, 512))
    assert _says(stored) == ("accept", [])


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_a_body_lie_far_from_all_limits(seed: int) -> None:
    figures = pixel_figures(_pixels(_body(seed=seed)))
    assert figures["structure"] > 0.6
    assert figures["edge_brightness"] < 0
    assert figures["commonest_share"] < 0.2
