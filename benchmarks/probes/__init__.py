"""What the shortcut probes of the digital liver are made of: features of cases, fits with intervals, limits."""
