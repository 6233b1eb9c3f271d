"""Training of mvi-prediction: drawn patients, the image networks, the machines on facts, the search for a margin."""
