#!/usr/bin/env python3
"""The cells of round 11: those of the rounds before at other splits; the kernels are round 9's."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(37, 39, 41, 44, 48, 51, 55, 60, 63, 67, 74, 78, 80, 84, 88, 93, 97, 102, 107, 113, 117, 120, 123, 127),
    preloads=(44, 63, 80, 97, 113), lates=((132, 2), (63, 1), (63, 3), (97, 4)),
    hybrid=((132, 0), (131, 5), (130, 7), (129, 9), (129, 10), (128, 15), (127, 19), (125, 27), (124, 31), (123, 34)),
    aot=((132, 0), (131, 5), (130, 6), (128, 14), (126, 22), (124, 31), (123, 34)),
    jit=((132, 0), (131, 5), (130, 7), (128, 15), (126, 22), (124, 31), (123, 34)),
    few=63, middle=97, many=113, grids=113, small=60, medium=74, large=88))
