"""Figures that people ask for: how fast vehicles pass, which rooms break the standard, which cameras see."""
