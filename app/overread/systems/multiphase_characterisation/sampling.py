"""How sure the classifier is: many dropout passes as one product, and what they tend to in closed form.

Dropout touches only the pooled features before the last layer. The network itself therefore runs once; each further
pass is a product of the same features with another mask. All regions of a study share their masks, so they can be
compared, and a stored seed gives the same numbers again.

References
----------
Gal 2016; SEEDS 2.4 and 5.9; PARAMS D.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Mean (n, classes) and covariance (n, classes, classes) of the logits under dropout."""

    mean: _Array
    covariance: _Array


def dropout_samples(features: _Array, weight: _Array, bias: _Array, rate: float, samples: int, seed: int) -> _Array:
    """Class probabilities of every region under every mask.

    Parameters
    ----------
    features
        Pooled features before dropout, (n, units).
    weight, bias
        Of the last layer, (classes, units) and (classes,).
    rate
        Share of the units that a mask drops; the others are enlarged by 1 / (1 - rate).
    samples
        Number of masks.
    seed
        Decides the masks, which are the same for all regions.

    Returns
    -------
    numpy.ndarray
        (n, samples, classes), each a distribution over the classes.

    Raises
    ------
    ValueError
        The rate is not in [0, 1), or there is no sample to draw.
    """
    _check(rate)
    if samples < 1:
        raise ValueError(f"there must be a sample, not {samples}")
    features, weight = np.asarray(features, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    count, units = features.shape
    masks = (np.random.default_rng(seed).random((samples, units)) >= rate) / (1 - rate)
    parts = features[:, None, :] * weight[None]
    logits = (masks @ parts.reshape(-1, units).T).reshape(samples, count, len(weight)) + bias
    return softmax(np.moveaxis(logits, 1, 0))


def logit_moments(features: _Array, weight: _Array, bias: _Array, rate: float) -> Moments:
    """What the logits of infinitely many masks would have as mean and covariance.

    With q = 1 - rate: E z_c = b_c + sum_k w_ck h_k and Cov(z_c, z_d) = (rate / q) sum_k w_ck w_dk h_k^2.

    Raises
    ------
    ValueError
        The rate is not in [0, 1).
    """
    _check(rate)
    features, weight = np.asarray(features, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    spread = np.einsum("ck,dk,nk->ncd", weight, weight, features**2)
    return Moments(features @ weight.T + bias, rate / (1 - rate) * spread)


def softmax(logits: _Array) -> _Array:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: _Array = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def _check(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"a dropout rate must be at least 0 and below 1, not {rate}")
