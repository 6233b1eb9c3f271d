"""Training of noncontrast-triage: phantoms as regions on disk, and the recipe's way to a bundle."""
