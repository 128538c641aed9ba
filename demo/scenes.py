"""The street of a photo, and the things that can be wrong on it. Plain shapes; the random source gives variety."""

from collections.abc import Callable
from random import Random

from PIL.ImageDraw import ImageDraw

SIZE = (640, 480)
_WIDTH, _HEIGHT = SIZE
_KERB = 250
Colour = tuple[int, ...]
Painter = Callable[[ImageDraw, Random], None]


def paint(draw: ImageDraw, kind: str, depth_cm: int | None, random: Random) -> None:
    """Paint a whole scene: sky, houses, street, what is there to see, water to its depth, and rain."""
    dusk = random.random()
    _sky(draw, dusk)
    _houses(draw, random, dusk)
    _street(draw, dusk)
    _POOR_LIGHT.get(kind, _TROUBLES.get(kind, _people))(draw, random)
    if kind in ("flood", "drain", "power", "assessment"):
        _water(draw, random, 25 if depth_cm is None else depth_cm)
    if random.random() < 0.7:
        _rain(draw, random)


def _sky(draw: ImageDraw, dusk: float) -> None:
    for y in range(0, _KERB, 5):
        light = 1 - dusk * 0.6 + y / _KERB * 0.2
        draw.rectangle((0, y, _WIDTH, y + 5), (int(118 * light), int(130 * light), int(150 * light)))


def _houses(draw: ImageDraw, random: Random, dusk: float) -> None:
    x = -20
    while x < _WIDTH:
        width, top = random.randint(70, 140), random.randint(70, 170)
        wall = random.choice(((196, 176, 150), (168, 184, 176), (206, 196, 186), (150, 132, 124)))
        draw.rectangle((x, top, x + width, _KERB), tuple(int(part * (1 - dusk * 0.5)) for part in wall))
        draw.polygon(((x - 8, top), (x + width / 2, top - 34), (x + width + 8, top)), (128, 62, 48))
        for window in range(x + 14, x + width - 22, 34):
            lit = (242, 214, 120) if random.random() < dusk else (74, 88, 104)
            draw.rectangle((window, top + 22, window + 18, top + 46), lit)
        x += width + random.randint(0, 14)


def _street(draw: ImageDraw, dusk: float) -> None:
    grey = int(104 * (1 - dusk * 0.4))
    draw.rectangle((0, _KERB, _WIDTH, _KERB + 24), (grey + 46, grey + 44, grey + 40))
    draw.rectangle((0, _KERB + 24, _WIDTH, _HEIGHT), (grey, grey, grey + 4))
    for x in range(10, _WIDTH, 110):
        draw.rectangle((x, 372, x + 60, 379), (220, 216, 196))


def _car(draw: ImageDraw, x: float, y: float, colour: Colour) -> None:
    draw.rectangle((x, y, x + 96, y + 30), colour)
    draw.polygon(((x + 16, y), (x + 30, y - 22), (x + 70, y - 22), (x + 86, y)), colour)
    draw.rectangle((x + 34, y - 18, x + 66, y - 2), (180, 204, 220))
    for wheel in (x + 20, x + 74):
        draw.ellipse((wheel - 11, y + 20, wheel + 11, y + 42), (24, 24, 26))


def _colour(random: Random) -> Colour:
    return random.choice(((178, 36, 38), (36, 70, 140), (230, 230, 226), (34, 36, 40), (120, 130, 136), (214, 160, 40)))


def _jam(draw: ImageDraw, random: Random) -> None:
    for row, y in enumerate((292, 346, 408)):
        for x in range(-30 + row * 24, _WIDTH, 118):
            _car(draw, x + random.randint(-6, 6), y, _colour(random))


def _parked(draw: ImageDraw, random: Random) -> None:
    for x in range(10, _WIDTH - 80, 128):
        _car(draw, x + random.randint(-8, 8), _KERB - 6, _colour(random))
    draw.ellipse((300, 150, 340, 190), (240, 240, 240), (190, 20, 30), 6)
    draw.line((306, 184, 334, 156), (190, 20, 30), 6)
    draw.rectangle((317, 190, 323, 250), (90, 90, 94))


def _people(draw: ImageDraw, random: Random) -> None:
    for _ in range(random.randint(3, 7)):
        x, y = random.randint(40, 600), random.randint(250, 330)
        draw.ellipse((x - 9, y - 62, x + 9, y - 44), (140, 96, 66))
        draw.rectangle((x - 12, y - 44, x + 12, y - 8), _colour(random))
        draw.rectangle((x - 10, y - 8, x + 10, y + 22), (44, 48, 66))


def _rubbish(draw: ImageDraw, random: Random) -> None:
    for _ in range(130):
        x, y = random.gauss(320, 80), random.gauss(310, 22)
        size = random.randint(6, 24)
        shade = random.choice(((30, 30, 34), (60, 96, 60), (214, 210, 200), (180, 120, 50), (50, 90, 160)))
        draw.ellipse((x - size, y - size * 0.7, x + size, y + size * 0.7), shade)


def _hole(draw: ImageDraw, random: Random) -> None:
    for _ in range(random.randint(1, 3)):
        x, y, size = random.randint(120, 520), random.randint(320, 420), random.randint(50, 100)
        draw.ellipse((x - size, y - size / 3, x + size, y + size / 3), (70, 62, 54))
        draw.ellipse((x - size * 0.7, y - size / 5, x + size * 0.7, y + size / 4), (38, 34, 32))


def _tree(draw: ImageDraw, random: Random) -> None:
    y = random.randint(300, 350)
    draw.line((40, _KERB, 480, y + 40), (88, 62, 40), 30)
    for _ in range(60):
        x, top = random.gauss(500, 60), random.gauss(y + 20, 34)
        draw.ellipse((x - 22, top - 16, x + 22, top + 16), (random.randint(30, 60), random.randint(86, 130), 44))


def _fire(draw: ImageDraw, random: Random) -> None:
    for _ in range(90):
        x, height = random.gauss(320, 70), random.randint(40, 150)
        shade = random.choice(((240, 130, 30, 190), (250, 196, 60, 190), (214, 60, 26, 190)))
        draw.polygon(((x - 22, _KERB), (x, _KERB - height), (x + 22, _KERB)), shade)
    for _ in range(40):
        x, y = random.gauss(330, 100), random.randint(-10, 120)
        draw.ellipse((x - 44, y - 30, x + 44, y + 30), (50, 50, 54, 120))


def _stalls(draw: ImageDraw, random: Random) -> None:
    for x in range(20, _WIDTH - 90, 124):
        roof = random.choice(((200, 40, 50), (40, 110, 180), (230, 180, 40)))
        draw.polygon(((x - 8, 214), (x + 48, 186), (x + 106, 214)), roof)
        draw.rectangle((x, 214, x + 6, 292), (90, 70, 50))
        draw.rectangle((x + 92, 214, x + 98, 292), (90, 70, 50))
        draw.rectangle((x, 256, x + 98, 292), (160, 120, 76))
    _people(draw, random)


def _dark(draw: ImageDraw, random: Random) -> None:
    draw.rectangle((0, 0, _WIDTH, _HEIGHT), (8, 10, 22, 190))
    x = random.randint(120, 500)
    draw.rectangle((x, 120, x + 8, 300), (110, 110, 116))
    draw.line((x + 4, 122, x + 64, 112), (110, 110, 116), 7)
    draw.ellipse((x + 54, 104, x + 82, 120), (60, 60, 66))


def _pipe(draw: ImageDraw, random: Random) -> None:
    x = random.randint(180, 460)
    draw.line((60, 330, 580, 330), (70, 100, 150), 26)
    for _ in range(50):
        draw.line((x, 322, x + random.gauss(0, 60), 322 - random.randint(30, 130)), (190, 214, 232, 160), 3)


def _water(draw: ImageDraw, random: Random, depth_cm: int) -> None:
    """Water up to its depth: a metre and a half reaches the windows."""
    top = int(_HEIGHT - 60 - min(depth_cm, 200) * 1.35)
    draw.rectangle((0, top, _WIDTH, _HEIGHT), (112, 92, 62, 214))
    for _ in range(90):
        x, y = random.randint(0, _WIDTH), random.randint(top + 2, _HEIGHT)
        draw.line((x, y, x + random.randint(14, 60), y), (168, 148, 112, 150), 2)


def _rain(draw: ImageDraw, random: Random) -> None:
    for _ in range(170):
        x, y = random.randint(0, _WIDTH), random.randint(0, _HEIGHT)
        draw.line((x, y, x - 5, y + 17), (214, 224, 236, 110), 1)


def _stranded(draw: ImageDraw, random: Random) -> None:
    for x in (random.randint(20, 180), random.randint(320, 500)):
        _car(draw, x, random.randint(310, 380), _colour(random))
    _people(draw, random)


_TROUBLES: dict[str, Painter] = {
    "flood": _stranded,
    "traffic": _jam,
    "parking": _parked,
    "waste": _rubbish,
    "drain": _rubbish,
    "road": _hole,
    "tree": _tree,
    "fire": _fire,
    "vendors": _stalls,
    "water": _pipe,
}
_POOR_LIGHT: dict[str, Painter] = {"lamp": _dark, "power": _dark, "noise": _dark}
