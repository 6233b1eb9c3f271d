"""Benign, primary malignant or metastatic from MR with little or no contrast: regions in, class scores out."""
