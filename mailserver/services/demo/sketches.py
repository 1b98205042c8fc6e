"""The drawings people of the demo send each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from mailserver.services.demo.drawing import Canvas

PAPER, INK, LEAF = (252, 248, 238), (58, 49, 43), (92, 132, 84)
BROWN, BUTTER, ROSE = (176, 116, 52), (244, 214, 130), (214, 128, 118)
BLUE, WHITE, STONE = (38, 82, 152), (250, 251, 252), (222, 208, 190)


def siesta() -> Canvas:
    """A sign: a galette asleep on a cushion."""
    canvas = Canvas(640, 400, PAPER)
    canvas.frame(14, 14, 612, 372, INK, 6)
    canvas.ellipse(320, 300, 230, 46, ROSE)
    canvas.ellipse(320, 220, 170, 110, BROWN)
    canvas.ellipse(320, 212, 156, 98, BUTTER)
    for x in (262, 378):
        canvas.box(x - 26, 204, 52, 6, INK)
        canvas.box(x - 20, 210, 40, 5, INK)
    canvas.ellipse(320, 250, 22, 10, BROWN)
    for step, size in enumerate((30, 22, 15)):
        x, y = 520 - step * 44, 70 + step * 34
        canvas.box(x, y, size, 4, INK)
        for offset in range(size):
            canvas.span(y + offset, x + size - offset - 4, x + size - offset, INK)
        canvas.box(x, y + size, size, 4, INK)
    canvas.ellipse(110, 90, 40, 16, LEAF)
    canvas.ellipse(150, 70, 40, 16, LEAF)
    return canvas


def plate() -> Canvas:
    """A blue and white plate with seven fish on its rim."""
    canvas = Canvas(560, 560, (236, 232, 226))
    for radius, colour in ((262, (214, 216, 222)), (256, WHITE), (236, BLUE), (228, WHITE), (150, BLUE), (145, WHITE)):
        canvas.ellipse(280, 280, radius, radius, colour)
    for x, y in ((280, 90), (430, 165), (466, 325), (365, 450), (200, 452), (94, 330), (128, 168)):
        canvas.ellipse(x, y, 26, 11, BLUE)
        for reach in range(16):
            canvas.box(x + 22 + reach, y - reach // 2, 1, reach + 1, BLUE)
        canvas.ellipse(x - 14, y - 3, 3, 3, WHITE)
    for size in (60, 46, 32, 18):
        canvas.ellipse(280, 280, size, size * 0.7, BLUE)
        canvas.ellipse(280, 280, size - 5, size * 0.7 - 5, WHITE)
    return canvas


def plan() -> Canvas:
    """A kitchen from above: worktop, plates, sink, table, door, and the cat."""
    canvas = Canvas(720, 480, WHITE)
    canvas.frame(30, 30, 660, 420, INK, 8)
    canvas.box(38, 38, 644, 90, STONE)
    canvas.box(38, 128, 90, 314, STONE)
    for x in (240, 380):
        canvas.ellipse(x, 82, 46, 36, INK)
        canvas.ellipse(x, 82, 40, 31, (120, 116, 112))
    canvas.box(500, 56, 120, 56, (176, 192, 200))
    canvas.frame(500, 56, 120, 56, INK, 3)
    canvas.box(280, 240, 260, 110, (206, 172, 128))
    canvas.frame(280, 240, 260, 110, INK, 3)
    for x in (310, 390, 470):
        canvas.ellipse(x + 20, 222, 18, 12, LEAF)
        canvas.ellipse(x + 20, 368, 18, 12, LEAF)
    canvas.box(560, 438, 90, 12, WHITE)
    canvas.ellipse(84, 300, 26, 20, (224, 138, 60))
    canvas.ellipse(84, 272, 14, 13, (224, 138, 60))
    return canvas


def seats() -> Canvas:
    """A long table with nine chairs, one of them empty."""
    canvas = Canvas(720, 360, PAPER)
    canvas.box(110, 130, 500, 100, (206, 172, 128))
    canvas.frame(110, 130, 500, 100, INK, 4)
    colours = (ROSE, LEAF, BLUE, BUTTER, BROWN, (142, 104, 160), (60, 130, 140), (200, 90, 70))
    places = [(x, y) for y in (92, 268) for x in (170, 293, 416, 539)]
    for (x, y), colour in zip(places, colours, strict=True):
        canvas.ellipse(x, y, 30, 26, INK)
        canvas.ellipse(x, y, 26, 22, colour)
        canvas.ellipse(x, 156 if y < 180 else 204, 22, 12, WHITE)
    canvas.frame(640, 152, 56, 56, INK, 3)
    canvas.ellipse(360, 330, 40, 14, BROWN)
    canvas.ellipse(400, 322, 14, 12, BROWN)
    return canvas


KINDS: dict[str, Callable[[], Canvas]] = {"siesta": siesta, "plate": plate, "plan": plan, "seats": seats}


@cache
def png(kind: str) -> bytes:
    """The file of a drawing by its name."""
    return KINDS[kind]().png()
