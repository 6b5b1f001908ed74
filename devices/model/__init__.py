"""Pure values: units, codes, points, samples, frames, alerts, errors. Numpy and the standard library only."""
