"""Makes a reproducible list of holes in songs, as JSON lines.

Usage: holes.py ROOT [FILE...] [--corpus DIR --split valid] [--balanced] > holes.jsonl

The songs are the files named (paths below ROOT), or those of one split of a prepared corpus. Kinds
of holes:

- `part`: 1 to 8 bars of one part;
- `all`: 1 to 8 bars of all parts;
- `whole`: all bars of one part of several.

In a hole there are at least 4 notes. Except for `whole`, it does not begin in bar 1, and the part
(for `all`, the song) goes on after it. A song is drawn first, then a length, then a place, so that
long songs count no more than short ones.

Most bars of songs like these come again elsewhere, note for note. `--balanced` draws as many holes
that do not (see `repeats`) as holes that do, where there are so many.
"""

import argparse
import collections
import json
import pathlib
import random
import sys

import songs

MAX_BARS = 8
MIN_NOTES = 4
SHARES = {"part": 0.5, "all": 0.3, "whole": 0.2}
# Draws without a new hole after which there are held to be no more.
PATIENCE = 2000


def candidate(song, kind, rng):
    """A hole of a kind, drawn; None if what is drawn is none."""
    indices = list(range(len(song.parts)))
    if kind != "all":
        indices = [rng.choice(indices)]
    if kind == "whole":
        bars = [1, song.bars]
        if len(song.parts) < 2:
            return None
    else:
        length = rng.randint(1, MAX_BARS)
        if song.bars < length + 2:
            return None
        first = rng.randint(2, song.bars - length)
        bars = [first, first + length - 1]
    hole = {"file": None, "kind": kind, "bars": bars, "parts": [songs.describe(song, index) for index in indices]}
    given, missing = songs.split(song, hole)
    hole["notes"] = sum(len(notes) for notes in missing.values())
    after = any(song.bar(note.onset) > bars[1] for index in indices for note in given[index])
    if hole["notes"] < MIN_NOTES or (kind != "whole" and not after):
        return None
    hole["repeats"] = None if kind == "whole" else repeats(song, hole)
    return hole


def repeats(song, hole):
    """Whether each bar of the hole that has notes equals, onset for onset and pitch for pitch on
    the grid, a given bar of its part."""
    first, last = hole["bars"]
    for part in hole["parts"]:
        cells = {bar: song.cell(notes, bar) for bar, notes in song.by_bar(song.parts[part["index"]]).items()}
        given = [cell for bar, cell in cells.items() if not first <= bar <= last]
        if any(cells[bar] not in given for bar in cells if first <= bar <= last):
            return False
    return True


def make(root, files, count, seed, balanced=False):
    rng = random.Random(seed)
    pool = {file: songs.Song(root / file) for file in sorted(files)}
    pool = {file: song for file, song in pool.items() if song.parts and song.bars > 2}
    found, seen = [], set()

    def draw(kind, wanted, sorts):
        misses = 0
        while wanted and misses < PATIENCE:
            file = rng.choice(list(pool))
            hole = candidate(pool[file], kind, rng)
            key = hole and (file, kind, *hole["bars"], *(part["index"] for part in hole["parts"]))
            if hole is None or hole["repeats"] not in sorts or key in seen:
                misses += 1
                continue
            misses, wanted = 0, wanted - 1
            seen.add(key)
            found.append({"number": len(found) + 1, **hole, "file": str(file)})
        return wanted

    for kind, share in SHARES.items():
        wanted = round(share * count)
        if balanced and kind != "whole":
            new = wanted // 2
            wanted -= new - draw(kind, new, [False])
        draw(kind, wanted, [None, False, True] if not balanced or kind == "whole" else [True])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=pathlib.Path, help="the folder that paths of songs are below")
    parser.add_argument("files", nargs="*", help="songs, below ROOT")
    parser.add_argument("--corpus", type=pathlib.Path, help="a prepared corpus, whose songs.jsonl says the splits")
    parser.add_argument("--split", default="valid", choices=["train", "valid", "test"])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--balanced", action="store_true", help="as many holes that do not repeat as holes that do")
    options = parser.parse_args()
    files = options.files
    if options.corpus:
        listed = map(json.loads, (options.corpus / "songs.jsonl").read_text().splitlines())
        files = [song["path"] for song in listed if song["split"] == options.split]
    holes = make(options.root, files, options.count, options.seed, options.balanced)
    for hole in holes:
        print(json.dumps(hole))
    counts = collections.Counter((hole["kind"], hole["repeats"]) for hole in holes)
    print(f"{len(holes)} holes in {len({hole['file'] for hole in holes})} songs: "
          + ", ".join(f"{kind} (repeats: {says}) {many}" for (kind, says), many in counts.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
