"""Moves and changes of regions while a network learns, a whole batch in one resampling; and the plain view of them.

An output pixel is looked up in the stored image: its place from the field's middle, in stored pixels, is stretched,
sheared, turned and shifted in that order. Beyond the stored image its mirror image continues.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from overread.training.regions.recipe import Augmentation, ClassifierRecipe

_MOVES = 11


def seen(images: Tensor, recipe: ClassifierRecipe) -> Tensor:
    """The field that the network reads, as it is: the middle of each image, brought to the input's size.

    Parameters
    ----------
    images
        float32 (n, planes, rows, columns), 0 to 1.

    Returns
    -------
    Tensor
        float32 (n, planes, edge, edge), 0 to 1; the same images where margin and size leave nothing to do.
    """
    rows, columns = images.shape[-2:]
    high, wide = max(1, round(rows * recipe.margin)), max(1, round(columns * recipe.margin))
    top, left = (rows - high) // 2, (columns - wide) // 2
    field = images[..., top : top + high, left : left + wide]
    edge = output_size(recipe, rows, columns)
    if field.shape[-2:] == edge:
        return field
    return functional.interpolate(field, edge, mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)


def augmented(images: Tensor, recipe: ClassifierRecipe, random: torch.Generator) -> Tensor:
    """The same field moved and changed by the recipe, each image in its own way.

    Parameters
    ----------
    images
        float32 (n, planes, rows, columns), 0 to 1; planes that are equal must be given once, or they part.
    """
    how = recipe.augmentation
    moves = torch.rand(len(images), _MOVES, generator=random)
    if is_moved(how):
        edge = output_size(recipe, *images.shape[-2:])
        images = moved(images, affine_moves(how, moves), recipe.margin, edge)
    else:
        images = seen(images, recipe)
    return _changed(images, how, random)


def output_size(recipe: ClassifierRecipe, rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns of what the network is given."""
    return (recipe.input_size, recipe.input_size) if recipe.input_size else (rows, columns)


def is_moved(how: Augmentation) -> bool:
    """Whether anything changes an image's geometry."""
    ranges = (how.rotation_deg, how.scale, how.aspect, how.shear, how.shift, how.flip_horizontal, how.flip_vertical)
    return any(ranges) or how.crop != (1.0, 1.0)


def affine_moves(how: Augmentation, moves: Tensor) -> Tensor:
    """Matrices (n, 2, 3) from a place in the output to one in the field, x before y, half an edge being 1.

    Parameters
    ----------
    moves
        Uniform numbers (n, 11) from 0 to 1.
    """
    either = 2 * moves - 1
    window = torch.sqrt(how.crop[0] + (how.crop[1] - how.crop[0]) * moves[:, 0])
    stretch = window / (1 + how.scale * either[:, 1])
    aspect = torch.sqrt(1 + how.aspect * either[:, 2])
    across = stretch * aspect * _flips(moves[:, 3], how.flip_horizontal)
    down = stretch / aspect * _flips(moves[:, 4], how.flip_vertical)
    angle, shear = math.radians(how.rotation_deg) * either[:, 5], how.shear * either[:, 6]
    cosine, sine = torch.cos(angle), torch.sin(angle)
    slack = 1 - window
    # turn @ shear @ stretch, written out
    first = torch.stack([cosine * across, (cosine * shear - sine) * down, slack * either[:, 7]], dim=1)
    second = torch.stack([sine * across, (sine * shear + cosine) * down, slack * either[:, 8]], dim=1)
    matrices = torch.stack([first, second], dim=1)
    angle_of_shift = 2 * math.pi * moves[:, 9]
    share = 2 * how.shift * torch.sqrt(moves[:, 10])
    matrices[:, 0, 2] += share * torch.cos(angle_of_shift)
    matrices[:, 1, 2] += share * torch.sin(angle_of_shift)
    return matrices


def moved(images: Tensor, matrices: Tensor, margin: float, edge: tuple[int, int]) -> Tensor:
    """Images (n, planes, rows, columns) looked up where the matrices say, linearly between pixels, at ``edge``."""
    rows, columns = images.shape[-2:]
    theta = matrices.to(images) * margin
    theta = theta * theta.new_tensor([[1.0, rows / columns, 1.0], [columns / rows, 1.0, 1.0]])
    grid = functional.affine_grid(theta, [len(images), 1, *edge], align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _flips(moves: Tensor, share: float) -> Tensor:
    return torch.where(moves < share, -1.0, 1.0)


def _changed(images: Tensor, how: Augmentation, random: torch.Generator) -> Tensor:
    """Brightness by another curve and with noise, each plane for itself."""
    if not (how.gain or how.gamma or how.noise):
        return images
    draws = torch.rand(len(images), images.shape[1], 2, 1, 1, generator=random) * 2 - 1
    if how.gamma:
        images = images.clamp(min=0).pow(torch.exp(how.gamma * draws[:, :, 0]))
    if how.gain:
        images = images * (1 + how.gain * draws[:, :, 1])
    if how.noise:
        level = how.noise * torch.rand(len(images), 1, 1, 1, generator=random)
        images = images + level * torch.randn(images.shape, generator=random)
    return images.clamp(0, 1)
