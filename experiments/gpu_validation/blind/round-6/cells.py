#!/usr/bin/env python3
"""The cells of round 6: those of round 5 at other splits."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(35, 37, 40, 46, 52, 58, 62, 64, 68, 70, 73, 77, 81, 85, 92, 96, 98, 104, 108, 113, 118, 122, 126, 129),
    preloads=(35, 64, 77, 96, 113), lates=((132, 4), (64, 1), (64, 3), (96, 2)),
    hybrid=((132, 0), (131, 1), (131, 4), (130, 6), (129, 9), (128, 13), (127, 19), (125, 27), (124, 31), (123, 35)),
    aot=((132, 0), (131, 1), (130, 7), (128, 13), (126, 21), (124, 29), (123, 36)),
    jit=((132, 0), (131, 4), (130, 6), (128, 13), (126, 22), (124, 29), (123, 35)),
    few=64, middle=96, many=113, grids=116, small=58, medium=62, large=85))
