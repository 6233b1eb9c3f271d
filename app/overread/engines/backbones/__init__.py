"""Known network shapes, at any width and for any number of input planes; they know nothing of livers.

A width goes in, a torch module comes out whose tensors bear the names of the public weights. Those that classify answer
logits, class maps and pooled features in one pass: under average pooling the maps are the gradient maps (Grad-CAM) but
for a known factor, so reading needs no gradient. Blocks name in ``FOLDS`` which batch norm follows which convolution.
"""
