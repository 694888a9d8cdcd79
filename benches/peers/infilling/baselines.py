"""Fills holes without a model: with the nearest given bars, or with bars of another song.

Usage: baselines.py HOLES.jsonl ROOT OUT [--seed 0]

Writes OUT/copy/NUMBER.mid and OUT/random/NUMBER.mid for each hole.

- `copy`: each bar becomes the nearest given bar in which the part plays (for `all` the nearest bar outside the hole in
  which anything plays, the same for all parts); of two equally near the earlier. A part of which nothing is given
  (`whole`) is filled as by `random`.
- `random`: the same bars of a part of another song of the list, drawn among those with the same program, else of the same
  family, else all pitched ones (drums with drums only, if there are any), that play in these bars. Where none plays
  there, bars are counted round the other song.
"""

import argparse
import pathlib
import random

import songs

FAMILY = 8


def copy(song, hole):
    """The fill of each part of the hole, by index; parts with nothing to copy have none."""
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
            source = min(bars, key=lambda it: (abs(it - bar), it))
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
    likeness = [
        lambda it: it.voice == part.voice,
        lambda it: not it.drums and not part.drums and it.program // FAMILY == part.program // FAMILY,
        lambda it: it.drums == part.drums,
        lambda it: True,
    ]
    everything = [(song, song.by_bar(it), it) for song in pool for it in song.parts]
    for like in likeness:
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
    for name in ("copy", "random"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    for hole in holes:
        song = pool[hole["file"]]
        other = from_another(song, hole, list(pool.values()), random.Random(f"{options.seed} {hole['number']}"))
        fills = other if hole["kind"] == "whole" else copy(song, hole)
        songs.write_filled(songs.fill_path(options.out / "random", hole), song, hole, other)
        songs.write_filled(songs.fill_path(options.out / "copy", hole), song, hole, fills)


if __name__ == "__main__":
    main()
