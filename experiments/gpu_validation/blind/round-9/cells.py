#!/usr/bin/env python3
"""The cells of round 9: those of the rounds before at other splits, of the kernels whose batches ask for their residual first."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(33, 40, 45, 47, 49, 52, 56, 58, 61, 64, 68, 71, 73, 77, 81, 85, 89, 96, 100, 104, 109, 115, 119, 126),
    preloads=(40, 61, 81, 96, 115), lates=((132, 2), (61, 1), (61, 3), (96, 4)),
    hybrid=((132, 0), (131, 3), (130, 5), (129, 9), (129, 10), (128, 16), (127, 18), (125, 27), (124, 31), (123, 36)),
    aot=((132, 0), (131, 4), (130, 7), (128, 16), (126, 21), (124, 31), (123, 36)),
    jit=((132, 0), (131, 3), (130, 5), (128, 16), (126, 22), (124, 31), (123, 36)),
    few=61, middle=96, many=115, grids=115, small=58, medium=71, large=85))
