"""Prints elements FIRST .. FIRST + COUNT - 1 of a synthetic tensor as bf16 bits in hexadecimal, one a line.

    python3 synthetic_reference.py NAME LAST_DIMENSION SEED FIRST COUNT

Written from the comment in gpu_backend/weights/synthetic.h alone; synthetic_test.cpp compares. Python's floats are doubles, which hold
s * scale and s * scale + 1 exactly; `f32` rounds once, as the formula asks.
"""

import math
import struct
import sys

M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def mix32(x):
    x = ((x ^ x >> 16) * 0x7FEB352D) & M32
    x = ((x ^ x >> 15) * 0x846CA68B) & M32
    return x ^ x >> 16


def bf16_bits(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def elements(name, last_dimension, seed, first, count):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & M64
    k = h ^ (seed * 0x9E3779B97F4A7C15 & M64)
    k0 = mix32(k & M32)
    k1 = mix32(k >> 32 ^ k0)
    norm = name.endswith("norm.weight")
    scale, offset = (2.0**-25, 1.0) if norm else (f32(math.sqrt(3.0 / last_dimension)) * 2.0**-23, 0.0)
    for i in range(first, first + count):
        b = mix32((mix32(i & M32 ^ k0) + k1 + (i >> 32) * 0x9E3779B9) & M32)
        s = (b - (1 << 32) if b >> 31 else b) >> 8
        yield bf16_bits(f32(s * scale + offset))


if __name__ == "__main__":
    for bits in elements(sys.argv[1], *map(int, sys.argv[2:])):
        print(f"{bits:04x}")
