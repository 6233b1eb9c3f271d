"""Reader-study statistics: figures of merit, intervals, resampling. Arrays in, values with intervals out."""
