"""Training of multiphase-characterisation: drawn patients, five detectors, one classifier, a bundle of all six."""
