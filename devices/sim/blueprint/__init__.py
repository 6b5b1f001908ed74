"""The plan of the demo campus: what is built where, and what stands in it. All names are invented."""
