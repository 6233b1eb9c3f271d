"""Dropout samples as one product, against passes through the module itself and against the closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from overread.systems.multiphase_characterisation.network import DROPOUT, PhaseClassifier
from overread.systems.multiphase_characterisation.sampling import dropout_samples, logit_moments, softmax

PASSES = 100
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def layer() -> Arrays:
    """Features of three regions, and a last layer that tells classes apart."""
    rng = np.random.default_rng(6)
    return rng.exponential(1.0, (3, 60)), rng.normal(0, 0.3, (3, 60)), rng.normal(0, 0.2, 3)


def _passes(layer: Arrays, passes: int) -> np.ndarray:
    """Probabilities (regions, passes, classes) of the module in training mode, its features given."""
    features, weight, bias = layer
    network = PhaseClassifier(0.0625)
    network.classifier = torch.nn.Linear(*weight.shape[::-1]).double()
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(weight))
        network.classifier.bias.copy_(torch.from_numpy(bias))
        network.train()
        torch.manual_seed(8)
        given = torch.from_numpy(features)
        logits = [network.classifier(network.dropout(given)) for _ in range(passes)]
        return torch.stack(logits, dim=1).softmax(dim=2).numpy()


def test_mean_and_variance_are_those_of_passes_through_the_module(layer: Arrays) -> None:
    ours = dropout_samples(*layer, DROPOUT, PASSES, seed=1)
    theirs = _passes(layer, PASSES)
    assert ours.shape == theirs.shape == (3, PASSES, 3)
    spread = np.hypot(ours.std(axis=1, ddof=1), theirs.std(axis=1, ddof=1))
    assert spread.min() > 0.01
    assert (np.abs(ours.mean(axis=1) - theirs.mean(axis=1)) < 3 * spread / np.sqrt(PASSES)).all()
    squares = [(p - p.mean(axis=1, keepdims=True)) ** 2 for p in (ours, theirs)]
    error = np.hypot(*(s.std(axis=1, ddof=1) for s in squares)) / np.sqrt(PASSES)
    assert (np.abs(squares[0].mean(axis=1) - squares[1].mean(axis=1)) < 3 * error).all()


def test_a_hundred_samples_lie_within_three_standard_errors_of_the_formula(layer: Arrays) -> None:
    mean, covariance = logit_moments(*layer, DROPOUT)
    probabilities = dropout_samples(*layer, DROPOUT, PASSES, seed=2)
    # of logits only differences come through the softmax, so those are compared
    sampled = np.log(probabilities[..., 1:] / probabilities[..., :1])
    contrast = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    expected = mean @ contrast.T
    variance = np.einsum("ac,ncd,ad->na", contrast, covariance, contrast)
    assert (np.abs(sampled.mean(axis=1) - expected) < 3 * np.sqrt(variance / PASSES)).all()
    error = variance * np.sqrt(2 / (PASSES - 1))
    assert (np.abs(sampled.var(axis=1, ddof=1) - variance) < 3 * error).all()


def test_the_closed_form_is_the_sum_over_all_masks_there_are() -> None:
    rng = np.random.default_rng(3)
    features, weight, bias = rng.exponential(1.0, (2, 10)), rng.normal(0, 0.3, (3, 10)), rng.normal(0, 0.2, 3)
    mean, covariance = logit_moments(features, weight, bias, DROPOUT)
    kept = (np.arange(1024)[:, None] >> np.arange(10)) & 1
    chance = (1 - DROPOUT) ** kept.sum(axis=1) * DROPOUT ** (10 - kept.sum(axis=1))
    assert chance.sum() == pytest.approx(1.0)
    for region in range(2):
        logits = (kept / (1 - DROPOUT) * features[region]) @ weight.T + bias
        np.testing.assert_allclose(chance @ logits, mean[region], rtol=1e-10)
        away = logits - mean[region]
        np.testing.assert_allclose((chance[:, None] * away).T @ away, covariance[region], rtol=1e-9, atol=1e-12)


def test_the_product_is_what_a_loop_over_masks_gives(layer: Arrays) -> None:
    features, weight, bias = layer
    ours = dropout_samples(features, weight, bias, 0.4, 7, seed=11)
    rng = np.random.default_rng(11)
    for number in range(7):
        mask = (rng.random(60) >= 0.4) / 0.6
        np.testing.assert_allclose(ours[:, number], softmax((features * mask) @ weight.T + bias), rtol=1e-12)


def test_a_region_has_the_same_samples_whichever_others_are_in_the_study(layer: Arrays) -> None:
    features, weight, bias = layer
    whole = dropout_samples(features, weight, bias, DROPOUT, PASSES, seed=5)
    alone = dropout_samples(features[1:2], weight, bias, DROPOUT, PASSES, seed=5)
    np.testing.assert_allclose(whole[1:2], alone, rtol=1e-12)
    assert np.abs(whole - dropout_samples(features, weight, bias, DROPOUT, PASSES, seed=6)).max() > 0.01


def test_without_dropout_every_sample_is_the_ordinary_answer(layer: Arrays) -> None:
    features, weight, bias = layer
    samples = dropout_samples(features, weight, bias, 0.0, 4, seed=0)
    np.testing.assert_allclose(samples, np.repeat(softmax(features @ weight.T + bias)[:, None], 4, axis=1))
    assert not logit_moments(features, weight, bias, 0.0).covariance.any()


def test_no_region_gives_no_samples(layer: Arrays) -> None:
    assert dropout_samples(layer[0][:0], *layer[1:], DROPOUT, PASSES, seed=0).shape == (0, PASSES, 3)


@pytest.mark.parametrize(("rate", "samples"), [(1.0, 10), (-0.1, 10), (0.2, 0)])
def test_a_rate_or_a_number_that_means_nothing_is_refused(layer: Arrays, rate: float, samples: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        dropout_samples(*layer, rate, samples, seed=0)
