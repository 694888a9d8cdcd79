"""Fills holes without a model: with the nearest given bars, or with bars of another song.

Usage: baselines.py HOLES.jsonl ROOT OUT [--seed 0]

Writes OUT/copy/NUMBER.mid, OUT/match/NUMBER.mid and OUT/random/NUMBER.mid for each hole.

- `copy`: each bar becomes the nearest given bar in which the part plays (for `all` the nearest bar
  outside the hole in which anything plays, the same for all parts); of two equally near the
  earlier. A part of which nothing is given (`whole`) is filled as by `random`.
- `match`: as `copy`, but of the given bars the one around which most is as it is around the bar to
  fill: the most cells (a part in a bar, up to 4 bars away) that are given and the same note for
  note on the grid. Of equals the nearest.
- `random`: the same bars of a part of another song of the list, drawn among those with the same
  program, else of the same family, else all pitched ones (drums with drums only, if there are any),
  that play in these bars. Where none plays there, bars are counted round the other song.
"""

import argparse
import functools
import pathlib
import random

import songs

FAMILY = 8
REACH = 4


def nearness(song, hole):
    """Higher the nearer a bar is to the one to fill, and of two equally near for the earlier."""
    return lambda bar, source: (-abs(source - bar), -source)


def likeness(song, hole):
    """How many cells around a bar are as they are around the one to fill; then nearness."""
    given, _ = songs.split(song, hole)
    cells = {}
    for index, notes in given.items():
        for note in notes:
            cells.setdefault((index, song.bar(note.onset)), []).append(note)
    cells = {(index, bar): song.cell(notes, bar) for (index, bar), notes in cells.items()}
    near = nearness(song, hole)

    def rank(bar, source):
        places = [(index, away) for index in given for away in range(-REACH, REACH + 1)]
        pairs = [(cells.get((index, bar + away)), cells.get((index, source + away))) for index, away in places]
        return (sum(a is not None and a == b for a, b in pairs), *near(bar, source))

    return functools.cache(rank)


def copy(song, hole, rank):
    """The fill of each part of the hole, by index; parts with nothing to copy have none. Each bar
    is the given one that ranks highest."""
    first, last = hole["bars"]
    playing = {part["index"]: song.by_bar(song.parts[part["index"]]) for part in hole["parts"]}
    outside = {index: [bar for bar in bars if not first <= bar <= last] for index, bars in playing.items()}
    if hole["kind"] == "all":
        together = sorted(set().union(*outside.values()))
        outside = dict.fromkeys(outside, together)
    fills = {}
    for index, bars in outside.items():
        fills[index] = []
        for bar in range(first, last + 1) if bars else []:
            source = max(bars, key=lambda it: rank(bar, it))
            fills[index] += song.moved(playing[index].get(source, []), source, bar, song)
    return fills


def from_another(song, hole, pool, rng):
    """The fill of each part of the hole, by index."""
    first, last = hole["bars"]
    fills = {}
    for described in hole["parts"]:
        part = song.parts[described["index"]]
        donor, other, playing = draw(part, first, last, [it for it in pool if it.path != song.path], rng)
        fills[described["index"]] = []
        for bar in range(first, last + 1):
            source = bar if playing else (bar - 1) % donor.bars + 1
            if source <= donor.bars:
                fills[described["index"]] += donor.moved(other.get(source, []), source, bar, song)
    return fills


def draw(part, first, last, pool, rng):
    """A song, the bars of a part of it, and whether that plays between two bars."""
    kinds = [
        lambda it: it.voice == part.voice,
        lambda it: not it.drums and not part.drums and it.program // FAMILY == part.program // FAMILY,
        lambda it: it.drums == part.drums,
        lambda it: True,
    ]
    everything = [(song, song.by_bar(it), it) for song in pool for it in song.parts]
    for like in kinds:
        alike = [it for it in everything if like(it[2])]
        playing = [it for it in alike if any(first <= bar <= last for bar in it[1])]
        if alike:
            song, bars, _ = rng.choice(playing or alike)
            return song, bars, bool(playing)
    raise ValueError("there is no other song")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("holes", type=pathlib.Path)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    holes = songs.read_holes(options.holes)
    pool = {file: songs.Song(options.root / file) for file in sorted({hole["file"] for hole in holes})}
    for name in ("copy", "match", "random"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    for hole in holes:
        song = pool[hole["file"]]
        other = from_another(song, hole, list(pool.values()), random.Random(f"{options.seed} {hole['number']}"))
        fills = {"copy": other, "match": other, "random": other}
        if hole["kind"] != "whole":
            fills["copy"] = copy(song, hole, nearness(song, hole))
            fills["match"] = copy(song, hole, likeness(song, hole))
        for name, notes in fills.items():
            songs.write_filled(songs.fill_path(options.out / name, hole), song, hole, notes)


if __name__ == "__main__":
    main()
