"""How fast vehicles go in the pictures of a road camera: a second opinion about what a radar says.

Pure functions of frames and their times in the stream; nothing here waits, reads or writes.
"""
