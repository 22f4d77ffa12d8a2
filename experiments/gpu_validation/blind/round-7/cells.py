#!/usr/bin/env python3
"""The cells of round 7: those of rounds 5 and 6 at other splits, of the kernel whose tasks begin before their events."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(36, 38, 41, 44, 48, 51, 57, 60, 63, 67, 69, 72, 76, 80, 84, 88, 94, 99, 103, 106, 111, 116, 124, 128),
    preloads=(36, 63, 76, 94, 111), lates=((132, 4), (63, 1), (63, 3), (94, 2)),
    hybrid=((132, 0), (131, 1), (131, 3), (130, 7), (129, 10), (128, 14), (127, 20), (125, 28), (124, 30), (123, 34)),
    aot=((132, 0), (131, 1), (130, 6), (128, 14), (126, 22), (124, 30), (123, 34)),
    jit=((132, 0), (131, 3), (130, 7), (128, 14), (126, 21), (124, 30), (123, 34)),
    few=63, middle=94, many=111, grids=114, small=57, medium=67, large=84))
