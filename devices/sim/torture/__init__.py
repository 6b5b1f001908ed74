"""`campus-sim torture`: kills, power cuts and bad lines against the real programs, and an oracle that counts."""
