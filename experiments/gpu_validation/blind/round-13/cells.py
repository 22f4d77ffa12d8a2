#!/usr/bin/env python3
"""The cells of round 13: as round 12. Eight splits are in none of rounds 10 to 12, nor in the calibration or any trace; sixteen were in round 10."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(36, 43, 46, 50, 53, 59, 62, 69, 72, 76, 79, 83, 87, 91, 95, 103, 105, 108, 112, 116, 119, 128, 130, 131),
    preloads=(46, 62, 83, 103, 119), lates=((132, 2), (62, 1), (62, 3), (103, 4)),
    hybrid=((132, 0), (131, 4), (130, 6), (129, 12), (128, 14), (127, 18), (126, 23), (125, 26), (124, 30), (123, 35)),
    aot=((132, 0), (131, 4), (130, 7), (128, 13), (126, 23), (124, 30), (123, 35)),
    jit=((132, 0), (131, 4), (130, 6), (128, 14), (126, 23), (124, 30), (123, 35)),
    few=62, middle=103, many=119, grids=119, small=59, medium=76, large=91))
