"""How large the published networks are, counted on the modules themselves."""

from __future__ import annotations

from importlib import import_module

_NETWORKS = {
    "hbp-detection": "overread.systems.hbp_detection.network",
    "multiphase-characterisation": "overread.systems.multiphase_characterisation.network",
    "noncontrast-triage": "overread.systems.noncontrast_triage.network",
    "mvi-prediction": "overread.systems.mvi_prediction.network",
}


def parameter_counts() -> dict[str, tuple[tuple[str, int], ...]]:
    """Name and number of trainable parameters of every full-size network, by system.

    They are counted without weights: what takes time is importing torch.
    """
    from overread.engines.backbones.head import full_size_counts

    return {
        system: tuple(full_size_counts(import_module(module).FULL_SIZE).items()) for system, module in _NETWORKS.items()
    }
