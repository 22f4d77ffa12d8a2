#!/usr/bin/env python3
"""Writes tests/perf/input/minute.input: a minute of zooming and panning at 60 events a second.

No person's hand: gestures as hands make them (bursts of the wheel that slow down, drags along a path,
looking around between them), drawn from one seed. `megascope-gui --record-input FILE` records a real one.

usage: make_input.py > tests/perf/input/minute.input
"""
import math
import random

WIDTH, HEIGHT = 1920, 1080
LEFT, TOP, BOTTOM = 150, 58, 1030  # of the plot
FRAME = 1000 / 60
LEFT_BUTTON, RIGHT_BUTTON, MIDDLE_BUTTON = 1, 2, 4


class Hand:
    def __init__(self):
        self.random = random.Random(6)
        self.ms = 0.0
        self.x, self.y = WIDTH / 2, HEIGHT / 2
        print("# megascope-input 1")
        print("# ms kind x y value modifiers")
        print("# made by tests/perf/make_input.py")

    def say(self, kind, value=0, modifiers="-"):
        print(f"{self.ms:.0f} {kind} {self.x:.0f} {self.y:.0f} {value} {modifiers}")

    def wait(self, frames):
        self.ms += frames * FRAME

    def go(self, x, y, frames, modifiers="-"):
        """Moves as hands do: fast in the middle."""
        x0, y0 = self.x, self.y
        for k in range(1, frames + 1):
            part = (1 - math.cos(math.pi * k / frames)) / 2
            self.x = x0 + (x - x0) * part
            self.y = y0 + (y - y0) * part + self.random.uniform(-1, 1)
            self.wait(1)
            self.say("move", 0, modifiers)

    def somewhere(self):
        return self.random.uniform(LEFT + 60, WIDTH - 60), self.random.uniform(TOP + 20, BOTTOM - 20)

    def wheel(self, clicks, modifiers):
        sign = 1 if clicks > 0 else -1
        for k in range(abs(clicks)):
            self.say("wheel", sign * 120, modifiers)
            self.wait(1 + k // 4)  # a burst slows down

    def drag(self, x, y, button, frames, modifiers="-"):
        self.say("press", button, modifiers)
        self.go(x, y, frames, modifiers)
        self.say("release", button, modifiers)
        self.wait(2)

    def click(self):
        self.say("press", LEFT_BUTTON)
        self.wait(3)
        self.say("release", LEFT_BUTTON)
        self.wait(6)

    def key(self, key, modifiers="-"):
        self.say("key", key, modifiers)
        self.wait(4)


def round_of(hand, number):
    hand.go(*hand.somewhere(), 20)
    hand.wheel(hand.random.randint(9, 16), "C")
    hand.go(hand.x + 120, hand.y + 30, 12)
    x = min(max(hand.x + hand.random.choice((-1, 1)) * 500, LEFT + 40), WIDTH - 40)
    hand.drag(x, hand.y, LEFT_BUTTON, 40, "S")
    hand.click()
    hand.wheel(hand.random.randint(6, 14), "C")
    hand.go(*hand.somewhere(), 25)  # looks around
    hand.wheel(-6, "S")
    hand.wheel(4, "S")
    hand.click()
    hand.key(ord("D"))
    hand.key(ord("D"))
    hand.key(ord("A"))
    if number % 3 == 0:
        hand.go(300, 400, 15)
        hand.drag(900, 700, LEFT_BUTTON, 35)  # an area
    if number % 3 == 1:
        hand.go(500, 500, 15)
        hand.drag(800, 505, RIGHT_BUTTON, 25)  # zooms to a range
    hand.wheel(-hand.random.randint(10, 18), "C")
    if number % 2 == 0:
        hand.go(400, 15, 15)
        hand.drag(1500, 15, LEFT_BUTTON, 50)  # the minimap
    hand.key(ord("Z"), "C")
    hand.key(ord("F"))


def main():
    hand = Hand()
    number = 0
    while hand.ms < 60_000:
        round_of(hand, number)
        number += 1


main()
