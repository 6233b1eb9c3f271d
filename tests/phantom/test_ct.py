"""What the CT scanner makes of a painted slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.phantom.ct import (
    KERNELS,
    VENDOR_KERNELS,
    CtAcquisition,
    CtQuality,
    acquire_ct,
    draw_ct_quality,
    prepare_ct,
)

pytestmark = pytest.mark.light

SEED = 41
COUNT, PIXEL_MM = 256, 0.75
HALF = (90.0, 90.0)
PLAIN = CtQuality(noise_sd=11.0, mtf50=0.42, nps_peak=0.27, thickness_mm=5.0, table=False)
AXIS = ((np.arange(COUNT) - COUNT / 2 + 0.5) * PIXEL_MM).astype(np.float32)
RADIUS = np.hypot(AXIS[None, :], AXIS[:, None])

Floats = NDArray[np.float32]


def _disc(hounsfield: float = 0.0, radius: float = 90.0) -> Floats:
    share = np.clip(0.5 - (RADIUS - radius) / PIXEL_MM, 0, 1)
    return (share * (hounsfield + 1000) / 1000).astype(np.float32)


def _study(quality: CtQuality = PLAIN, seed: int = SEED, **options: object) -> CtAcquisition:
    return prepare_ct(seed, quality, AXIS, AXIS, half=HALF, middle_y=0.0, **options)  # type: ignore[arg-type]


def _noise(quality: CtQuality, slices: int = 4) -> Floats:
    """Noise [slices, rows, columns] of a picture so wide that no edge is near."""
    water, how = np.ones((COUNT, COUNT), dtype=np.float32), _study(quality)
    return np.stack([acquire_ct(water, how, n, 5.0 * n) for n in range(slices)]).astype(np.float32)


def _spectrum(noise: Floats, size: int = 96) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies and radial noise power of the central square."""
    first = (COUNT - size) // 2
    part = noise[:, first : first + size, first : first + size]
    power = (np.abs(np.fft.fft2(part - part.mean(axis=(1, 2), keepdims=True))) ** 2).mean(axis=0)
    f = np.fft.fftfreq(size, PIXEL_MM)
    ring = np.rint(np.hypot(f[:, None], f[None, :]) / 0.02).astype(int)
    sums = np.bincount(ring.ravel(), weights=power.ravel()) / np.bincount(ring.ravel())
    return np.arange(len(sums)) * 0.02, sums


@pytest.mark.parametrize("wanted", [8.0, 11.0, 15.0])
def test_sd_in_a_water_disc_is_the_requested_one(wanted: float) -> None:
    how = _study(replace(PLAIN, noise_sd=wanted))
    image = acquire_ct(_disc(), how, 0, 0.0)
    half_way = (RADIUS > 50) & (RADIUS < 75)
    assert image[half_way].std() == pytest.approx(wanted, rel=0.15)
    assert image[half_way].mean() == pytest.approx(0, abs=1)


def test_noise_is_stronger_in_the_middle_than_at_the_skin() -> None:
    noise = _noise(PLAIN)
    middle, skin = noise[:, RADIUS < 20].std(), noise[:, (RADIUS > 84) & (RADIUS < 90)].std()
    assert middle / skin == pytest.approx(1.25 / 0.77, rel=0.1)


@pytest.mark.parametrize("wanted", [0.14, 0.18, 0.27, 0.35])
def test_noise_power_peaks_at_the_requested_frequency(wanted: float) -> None:
    f, power = _spectrum(_noise(replace(PLAIN, nps_peak=wanted), slices=12))
    near = (f > 0.5 * wanted) & (f < 1.5 * wanted)
    parabola = np.polynomial.Polynomial.fit(f[near], np.log(power[near]), 3)
    fine = np.linspace(0.5 * wanted, 1.5 * wanted, 500)
    assert fine[np.argmax(parabola(fine))] == pytest.approx(wanted, rel=0.15)


def test_noise_power_falls_towards_frequency_zero_but_does_not_vanish() -> None:
    noise = _noise(replace(PLAIN, nps_floor=0.05), slices=40)[:, 64:192, 64:192]
    power = (np.abs(np.fft.fft2(noise * np.outer(np.hanning(128), np.hanning(128)))) ** 2).mean(axis=0)
    near = np.hypot(np.fft.fftfreq(128, PIXEL_MM)[:, None], np.fft.fftfreq(128, PIXEL_MM)[None, :])
    peak = power[(near > 0.25) & (near < 0.29)].mean()
    assert 0.03 < power[near < 0.015].mean() / peak < 0.25  # .05 at zero, .11 one bin away, and leakage


@pytest.mark.parametrize("wanted", [0.33, 0.42, 0.55])
def test_transfer_of_an_edge_is_one_half_at_the_requested_frequency(wanted: float) -> None:
    how = _study(replace(PLAIN, noise_sd=0.0, mtf50=wanted))
    lean = 0.12
    distance = AXIS[None, :] * np.cos(lean) + AXIS[:, None] * np.sin(lean)
    painted = np.clip(0.5 + distance / PIXEL_MM, 0, 1).astype(np.float32)
    image = acquire_ct(painted, how, 0, 0.0).astype(np.float64)
    near = (np.abs(distance) < 12) & (RADIUS < 70)
    step = 0.1
    bins = np.rint(distance[near] / step).astype(int)
    bins -= bins.min()
    spread = np.bincount(bins, weights=image[near]) / np.bincount(bins)
    line = np.diff(spread)
    f = np.fft.rfftfreq(len(line) * 8, step)
    transfer = np.abs(np.fft.rfft(line, len(line) * 8))
    half = np.interp(-0.5, -transfer[f < 0.66] / transfer[0], f[f < 0.66])
    assert half == pytest.approx(wanted, rel=0.1)


def test_edges_of_soft_tissue_do_not_ring() -> None:
    how = _study(replace(PLAIN, noise_sd=0.0))
    image = acquire_ct(_disc(60), how, 0, 0.0)
    assert image[RADIUS < 85].max() <= 60 + 0.02 * 1060


def test_mean_of_an_even_organ_is_its_hounsfield_value() -> None:
    image = acquire_ct(_disc(72), _study(), 3, 0.0)
    assert image[RADIUS < 80].mean() == pytest.approx(72, abs=0.5)


def test_same_seed_gives_the_same_bytes() -> None:
    quality = draw_ct_quality(SEED, "external-1", 2.5, "FC08", 100, HALF)
    assert quality == draw_ct_quality(SEED, "external-1", 2.5, "FC08", 100, HALF)
    first, second = (acquire_ct(_disc(), _study(quality), 7, 12.0) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_noise_differs_between_slices_and_between_studies() -> None:
    water = np.ones((COUNT, COUNT), dtype=np.float32)
    one = acquire_ct(water, _study(), 0, 0.0)[RADIUS < 80].astype(float)
    for other in (acquire_ct(water, _study(), 1, 0.0), acquire_ct(water, _study(seed=SEED + 1), 0, 0.0)):
        assert abs(np.corrcoef(one, other[RADIUS < 80])[0, 1]) < 0.05


def test_noise_is_the_same_with_and_without_a_lesion() -> None:
    how = _study(replace(PLAIN, streaks=20, streak_hu=8.0))
    silent = replace(how, sd=np.zeros_like(how.sd))
    bare = _disc(72)
    bearing = bare + (0.04 * np.exp(-((RADIUS / 12) ** 4))).astype(np.float32)
    noises = [
        acquire_ct(picture, how, 5, 0.0).astype(int) - acquire_ct(picture, silent, 5, 0.0)
        for picture in (bare, bearing)
    ]
    assert np.abs(noises[0] - noises[1]).max() <= 2  # rounding of the four images
    lesion = acquire_ct(bearing, silent, 5, 0.0).astype(int) - acquire_ct(bare, silent, 5, 0.0)
    assert np.abs(lesion[RADIUS > 30]).max() <= 1


def test_thin_slices_are_noisier_by_the_square_root_of_thickness() -> None:
    thick, thin = (draw_ct_quality(SEED, "internal", t, "B30f", 120, (160, 112)) for t in (5.0, 1.25))
    assert thin.noise_sd / thick.noise_sd == pytest.approx(2)
    assert replace(thin, noise_sd=0, thickness_mm=0) == replace(thick, noise_sd=0, thickness_mm=0)


def test_internal_noise_is_that_of_the_specification() -> None:
    sds = [draw_ct_quality(n, "internal", 5.0, "B30f", 120, (160, 112)).noise_sd for n in range(300)]
    assert np.median(sds) == pytest.approx(11, rel=0.1)
    assert 7.5 < min(sds) < max(sds) < 15.5


def test_external_site_is_iterative_and_varies_more() -> None:
    inner, outer = (
        [draw_ct_quality(n, site, 5.0, "FC08", 120, (160, 112)) for n in range(300)]
        for site in ("internal", "external-1")
    )
    assert all(quality.iterative == 0 for quality in inner)
    assert 0.7 < np.mean([quality.iterative > 0 for quality in outer]) < 0.9
    assert np.std([q.noise_sd for q in outer]) > np.std([q.noise_sd for q in inner])
    assert np.mean([q.nps_peak for q in outer]) < 0.8 * np.mean([q.nps_peak for q in inner])


def test_rare_events_occur_as_often_as_specified() -> None:
    drawn = [draw_ct_quality(n, "internal", 5.0, "B30f", 120, (160, 112)) for n in range(3000)]
    assert np.mean([q.clips > 0 or q.drain for q in drawn]) == pytest.approx(0.04, abs=0.015)
    assert np.mean([q.arms_down for q in drawn]) == pytest.approx(0.06, abs=0.015)
    assert np.mean([q.step_z_mm is not None for q in drawn]) == pytest.approx(0.05, abs=0.015)
    assert np.mean([q.folds > 0 for q in drawn]) == pytest.approx(0.5, abs=0.04)
    assert {q.streaks for q in drawn} == set(range(12, 41))


def test_stress_differs_from_internal_by_one_factor_at_its_worst() -> None:
    factors = set()
    for seed in range(60):
        usual, worst = (draw_ct_quality(seed, site, 5.0, "B30f", 120, (160, 112)) for site in ("internal", "stress"))
        changed = frozenset(n for n in CtQuality.__slots__ if getattr(usual, n) != getattr(worst, n))
        factors.add(changed)
        if "noise_sd" in changed:
            assert changed == {"noise_sd"}
            assert worst.noise_sd > 13
    assert len(factors) >= 6


@pytest.mark.parametrize("padding", [-1024, -2000])
def test_values_are_twelve_bits_inside_the_circle_and_padding_outside(padding: int) -> None:
    quality = replace(PLAIN, clips=4, arms_down=True, folds=2, table=True, streaks=30, streak_hu=8.0)
    image = acquire_ct(_disc(4500), _study(quality, padding=padding, metal_at=(0.0, 0.0, 0.0)), 0, 0.0)
    inside = RADIUS <= COUNT / 2 * PIXEL_MM
    assert image.dtype == np.int16
    assert image[inside].min() >= -1024
    assert image[inside].max() == 3071
    assert (image[~inside] == padding).all()


def test_cupping_darkens_or_brightens_the_middle_only() -> None:
    for cup in (-3.0, 3.0):
        image = acquire_ct(_disc(), _study(replace(PLAIN, noise_sd=0.0, cupping_hu=cup)), 0, 0.0)
        assert image[RADIUS < 10].mean() == pytest.approx(cup, abs=0.5)
        assert image[(RADIUS > 84) & (RADIUS < 87)].mean() == pytest.approx(0, abs=0.6)


def test_clips_are_metal_with_spokes_in_their_slices_only() -> None:
    how = _study(replace(PLAIN, noise_sd=0.0, clips=3), metal_at=(0.0, 0.0, 0.0))
    image = acquire_ct(_disc(), how, 0, how.metal[0][2])
    assert image.max() > 2000
    spokes = image[(RADIUS > 30) & (RADIUS < 60)]
    assert 5 < spokes.std() < 60
    far = acquire_ct(_disc(), how, 1, how.metal[0][2] + 60)
    assert np.abs(far[RADIUS < 80]).max() <= 1


def test_respiratory_step_doubles_the_front_contour_of_one_slice() -> None:
    how = _study(replace(PLAIN, noise_sd=0.0, step_z_mm=1.0, step_mm=4.0))
    column = COUNT // 2
    images = [acquire_ct(_disc(), how, n, 5.0 * n)[:, column].astype(int) for n in range(-3, 4)]
    doubled = [np.count_nonzero(np.abs(image + 500) < 60) >= 3 for image in images]
    assert doubled == [False, False, False, False, True, False, False]
    assert np.abs(images[4][-40:] - images[3][-40:]).max() < 80


def test_streaks_start_at_the_ends_of_gas_levels() -> None:
    even, gassy = _disc(), _disc()
    gassy[(np.hypot(AXIS[None, :], AXIS[:, None] + 40) < 22) & (AXIS[:, None] < -40)] = 0.02
    quality = replace(PLAIN, noise_sd=0.0, streaks=40, streak_hu=8.0)
    how, still = _study(quality), _study(replace(quality, streaks=0))
    ends = np.minimum(*(np.hypot(AXIS[None, :] - x, AXIS[:, None] + 40) for x in (-22, 22)))
    near = (ends > 8) & (ends < 25) & (RADIUS < 85)
    without, from_gas = (
        np.stack([acquire_ct(picture, how, n, 0.0).astype(int) - acquire_ct(picture, still, n, 0.0) for n in range(8)])
        for picture in (even, gassy)
    )
    assert from_gas[:, near].std() > 1.2 * without[:, near].std()
    assert np.abs(from_gas).max() <= 6 * 8  # each of six sources at most 8


def test_table_lies_under_the_body_and_folds_in_the_air() -> None:
    axis = (np.arange(512) - 255.5).astype(np.float32) * np.float32(0.8)
    x, y = axis[None, :] / 150, axis[:, None] / 105
    body = ((np.abs(x) ** 2.35 + np.abs(y) ** 2.35) < 1).astype(np.float32)
    options = {"half": (150.0, 105.0), "middle_y": 0.0}
    plain = replace(PLAIN, noise_sd=0.0)
    images = [
        acquire_ct(body, prepare_ct(SEED, quality, axis, axis, **options), 0, 0.0).astype(int)  # type: ignore[arg-type]
        for quality in (plain, replace(plain, table=True), replace(plain, folds=3))
    ]
    table, folds = images[1] - images[0], images[2] - images[0]
    assert table[axis < 105].max() < 1200
    assert (table[:, 256] > 500).sum() >= 2
    assert axis[np.argmax(table[:, 256] > 500)] > 108
    assert (folds[body == 0] > 60).sum() > 300
    deep = np.hypot(x / 0.9, y / 0.9) < 1
    assert np.abs(folds[deep]).max() <= 1
    assert np.abs(table[deep]).max() <= 1


def test_every_kernel_has_a_vendor_and_soft_ones_lie_where_specified() -> None:
    named = {kernel for kernels in VENDOR_KERNELS.values() for kernel in kernels}
    assert named == set(KERNELS)
    assert all(0.40 <= KERNELS[kernels[0]] <= 0.45 for kernels in VENDOR_KERNELS.values())
    sharp, soft = (draw_ct_quality(1, "internal", 5, k, 120, HALF).noise_sd for k in ("DETAIL", "SOFT"))
    assert sharp > 1.5 * soft
