#!/usr/bin/env python3
"""The cells of round 10: those of the rounds before at other splits; the kernels are round 9's."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(33, 36, 38, 43, 46, 50, 53, 57, 59, 62, 65, 69, 70, 72, 76, 79, 83, 87, 92, 95, 99, 105, 112, 124),
    preloads=(43, 62, 79, 95, 112), lates=((132, 2), (62, 1), (62, 3), (95, 4)),
    hybrid=((132, 0), (131, 4), (130, 6), (129, 8), (129, 12), (128, 14), (127, 20), (125, 28), (124, 32), (123, 35)),
    aot=((132, 0), (131, 3), (130, 8), (128, 13), (126, 24), (124, 32), (123, 35)),
    jit=((132, 0), (131, 4), (130, 6), (128, 14), (126, 24), (124, 32), (123, 35)),
    few=62, middle=95, many=112, grids=112, small=57, medium=69, large=87))
