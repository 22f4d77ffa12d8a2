#!/usr/bin/env python3
"""The cells of round 12: those of the rounds before at other splits; the kernels are round 9's."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(32, 45, 49, 56, 61, 68, 71, 82, 86, 89, 94, 96, 98, 101, 104, 106, 109, 111, 114, 118, 122, 125, 126, 129),
    preloads=(45, 61, 82, 98, 114), lates=((132, 2), (61, 1), (61, 3), (98, 4)),
    hybrid=((132, 0), (131, 4), (130, 6), (129, 12), (128, 14), (127, 18), (126, 23), (125, 26), (124, 30), (123, 35)),
    aot=((132, 0), (131, 4), (130, 7), (128, 13), (126, 23), (124, 30), (123, 35)),
    jit=((132, 0), (131, 4), (130, 6), (128, 14), (126, 23), (124, 30), (123, 35)),
    few=61, middle=98, many=114, grids=114, small=56, medium=71, large=86))
