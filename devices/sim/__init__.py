"""The simulated campus: a plant with a seed behind real wires. Never imported by the programs."""
