"""Compares filled holes with what was there, and their edges with the bar lines of the songs.

Usage: score_fills.py HOLES.jsonl ROOT NAME=FOLDER... [--json OUT.json] [--resample songs] > OUT.md
       score_fills.py --self-check

Each FOLDER has a filled file for each hole, named by its number. Files are compared by instrument
(program, or drums), because files of different programs need not have the same tracks: what a file
has of an instrument in the bars of the hole, less what other parts of that instrument have there in
the original, is the fill.

Measures of a hole, over its instruments and bars, with onsets in steps of a twelfth of a quarter:

- `onset F1` of the set of (instrument, onset), `note F1` of the multiset of (instrument, onset,
  pitch);
- `chroma`: cosine of the counts of pitch classes, `groove`: cosine of the counts of onsets at 16
  places of the bar; of each bar of each instrument in which either has notes, then the mean; drums
  have no chroma;
- `density`: |notes - notes there| / notes there;
- `altered`: notes outside the hole that are missing or new, as a share of the given ones.

Edges (not of `whole`): the interval between the last note before an edge (its highest, of several)
and the first after it, and the groove cosine of the two bars, where both bars have notes. They are
compared with all bar lines of all instruments of the originals by a two-sample Kolmogorov-Smirnov
test: D is the largest difference between the two distributions. The p-values take edges as
independent, which those of one hole are not.
"""

import argparse
import collections
import functools
import itertools
import json
import pathlib
import sys

import numpy as np
from scipy import stats

import songs

PLACES = 16
RESAMPLES = 10_000
MEASURES = ["onset F1", "note F1", "chroma", "groove", "density", "altered"]


def voices(song, hole):
    return {song.parts[part["index"]].voice for part in hole["parts"]}


def notes_of(song, parts):
    """The notes of parts as a multiset of (voice, step, pitch); `parts` maps indices to notes."""
    return collections.Counter((song.parts[index].voice, songs.step(note.onset), note.pitch)
                               for index, notes in parts.items() for note in notes)


def everything(song):
    return notes_of(song, dict(enumerate(part.notes for part in song.parts)))


def in_hole(song, hole, notes):
    """Those of a multiset of notes that lie in the bars of the hole and are of its voices."""
    first, end = song.lines[hole["bars"][0] - 1], song.lines[hole["bars"][1]]
    there = voices(song, hole)
    return collections.Counter({it: many for it, many in notes.items() if first <= it[1] < end and it[0] in there})


def fill_of(song, hole, filled):
    """The fill in a filled file, and how many notes outside it are missing or new."""
    given = notes_of(song, songs.split(song, hole)[0])
    found = everything(filled)
    fill = in_hole(song, hole, found) - in_hole(song, hole, given)
    rest = found - fill
    return fill, (given - rest).total() + (rest - given).total(), given.total()


def f1(a, b):
    return 2 * (a & b).total() / (a.total() + b.total()) if a or b else 1.0


def cells(song, hole, notes):
    """(voice, bar) -> the notes there as a list of (step in the bar, pitch), once for each."""
    result = collections.defaultdict(list)
    for (voice, at, pitch), many in notes.items():
        bar = song.bar(at / songs.GRID)
        result[voice, bar] += [(at - song.lines[bar - 1], pitch)] * many
    return result


def chroma(cell):
    return np.bincount([pitch % 12 for _, pitch in cell], minlength=12)


def groove(cell, length):
    """`length` of the bar in steps."""
    return np.bincount([min(int(at * PLACES / length + 0.5), PLACES - 1) for at, _ in cell], minlength=PLACES)


def cosine(a, b):
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 0.0


def measure(song, hole, filled):
    """The measures of a hole, and the steps and grooves at its edges."""
    truth = in_hole(song, hole, notes_of(song, songs.split(song, hole)[1]))
    fill, altered, given = fill_of(song, hole, filled)
    there, mine = cells(song, hole, truth), cells(song, hole, fill)
    both = [key for key in set(there) | set(mine)]
    lengths = {bar: song.lines[bar] - song.lines[bar - 1] for _, bar in both}
    chromas = [cosine(chroma(there[key]), chroma(mine[key])) for key in both if key[0] != "drums"]
    grooves = [cosine(groove(there[key], lengths[key[1]]), groove(mine[key], lengths[key[1]])) for key in both]
    onsets = lambda notes: collections.Counter({(voice, at) for voice, at, _ in notes})
    values = {
        "onset F1": f1(onsets(truth), onsets(fill)),
        "note F1": f1(truth, fill),
        "chroma": float(np.mean(chromas)) if chromas else None,
        "groove": float(np.mean(grooves)),
        "density": abs(fill.total() - truth.total()) / truth.total(),
        "altered": altered / max(given, 1),
    }
    return values, edges(song, hole, fill)


def edges(song, hole, fill):
    """(interval or None, groove cosine) at both edges of each voice of the hole."""
    if hole["kind"] == "whole":
        return []
    parts = {part["index"] for part in hole["parts"]}
    own = {index: notes for index, notes in songs.split(song, hole)[0].items() if index in parts}
    bars = cells(song, hole, notes_of(song, own) + fill)
    lines = (hole["bars"][0], hole["bars"][1] + 1)
    return [it for voice in voices(song, hole) for line in lines for it in at_line(song, bars, voice, line)]


def at_line(song, bars, voice, line):
    """What is at the line before bar `line`: one pair, or none where a bar of the two is empty."""
    before, after = bars.get((voice, line - 1)), bars.get((voice, line))
    if not before or not after:
        return []
    lengths = [song.lines[bar] - song.lines[bar - 1] for bar in (line - 1, line)]
    like = cosine(groove(before, lengths[0]), groove(after, lengths[1]))
    first = max(pitch for at, pitch in after if at == min(after)[0])
    return [(None if voice == "drums" else abs(first - max(before)[1]), like)]


def real_lines(song):
    """The same at all bar lines of all voices of a song."""
    bars = cells(song, None, everything(song))
    every = {voice for voice, _ in bars}
    return [it for voice in every for line in range(2, song.bars + 1) for it in at_line(song, bars, voice, line)]


def interval(values, groups, rng):
    """The mean, and its 95 % interval over resampled groups of values."""
    values, names = np.array(values, float), sorted(set(groups))
    numbers = np.array([names.index(group) for group in groups])
    sums, counts = np.bincount(numbers, values), np.bincount(numbers)
    drawn = rng.integers(len(names), size=(RESAMPLES, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    return [float(values.mean()), *map(float, np.quantile(means, [0.025, 0.975]))]


def summarise(rows, methods, by, seed):
    """For each set of holes: the mean of each measure of each method, and of each difference
    between two methods."""
    sets = {"all holes": lambda hole: True}
    sets |= {f"kind `{kind}`": lambda hole, kind=kind: hole["kind"] == kind for kind in ("part", "all", "whole")}
    sets["repeats elsewhere"] = lambda hole: hole["repeats"] is True
    sets["does not"] = lambda hole: hole["repeats"] is False
    result = {}
    for title, belongs in sets.items():
        chosen = [row for row in rows if belongs(row["hole"])]
        group = lambda row: row["hole"]["file"] if by == "songs" else row["hole"]["number"]
        rng = np.random.default_rng(seed)
        means, differences = {}, {}
        for name in methods:
            for it in MEASURES:
                of = [row for row in chosen if row["values"].get(name, {}).get(it) is not None]
                if of:
                    values = [row["values"][name][it] for row in of]
                    means.setdefault(name, {})[it] = interval(values, list(map(group, of)), rng)
        for a, b in itertools.combinations(methods, 2):
            for it in MEASURES:
                of = [row for row in chosen if None not in [row["values"].get(name, {}).get(it) for name in (a, b)]]
                if of:
                    values = [row["values"][a][it] - row["values"][b][it] for row in of]
                    differences.setdefault(f"{a} - {b}", {})[it] = interval(values, list(map(group, of)), rng)
        done = {name: sum(name in row["values"] for row in chosen) for name in methods}
        result[title] = {"holes": len(chosen), "filled": done, "means": means, "differences": differences}
    return result


def compare_edges(found, real):
    """For each method the mean interval and groove at edges, with D and p of the comparison with
    real bar lines."""
    result = {}
    for name, pairs in {"real bar lines": real, **found}.items():
        result[name] = {"edges": len(pairs)}
        for place, what in enumerate(("interval", "groove")):
            mine, theirs = ([it[place] for it in some if it[place] is not None] for some in (pairs, real))
            if mine and theirs:
                test = stats.ks_2samp(mine, theirs, method="asymp") if name != "real bar lines" else None
                result[name][what] = {"mean": float(np.mean(mine)), "D": test and float(test.statistic),
                                      "p": test and float(test.pvalue)}
    return result


def score(holes, root, folders, by="holes", seed=0):
    song = functools.cache(lambda file: songs.Song(root / file))
    rows, found, failed = [], {"original": [], **{name: [] for name in folders}}, collections.Counter()
    for hole in holes:
        original = song(hole["file"])
        row = {"hole": hole, "values": {}}
        found["original"] += measure(original, hole, original)[1]
        for name, folder in folders.items():
            path = songs.fill_path(folder, hole)
            if not path.exists():
                failed[name] += 1
                continue
            row["values"][name], pairs = measure(original, hole, songs.Song(path))
            found[name] += pairs
        rows.append(row)
    real = [it for file in sorted({hole["file"] for hole in holes}) for it in real_lines(song(file))]
    return {
        "resampled": by,
        "missing": {name: failed[name] for name in folders},
        "sets": summarise(rows, list(folders), by, seed),
        "edges": compare_edges(found, real),
        "holes": [{"number": row["hole"]["number"], **row["values"]} for row in rows],
    }


def shown(value):
    return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if value else "-"


def markdown(report):
    lines = [f"Means with 95 % intervals over resampled {report['resampled']}. Holes that were not filled: "
             + (", ".join(f"{name} {many}" for name, many in report["missing"].items() if many) or "none") + "."]
    head = ["", "| | holes | " + " | ".join(MEASURES) + " |", "|" + "---|" * (len(MEASURES) + 2)]
    for title, part in report["sets"].items():
        lines += ["", f"## {title[0].upper()}{title[1:]} ({part['holes']})", *head]
        for name, means in part["means"].items():
            cells = [shown(means.get(it)) for it in MEASURES]
            lines.append(f"| {name} | {part['filled'][name]} | " + " | ".join(cells) + " |")
        for pair, means in part["differences"].items():
            both = min(part["filled"][name] for name in pair.split(" - "))
            lines.append(f"| {pair} | {both} | " + " | ".join(shown(means.get(it)) for it in MEASURES) + " |")
    lines += ["", "## Edges", "", "| | edges | interval | D | p | groove | D | p |", "|" + "---|" * 8]
    for name, values in report["edges"].items():
        cells = []
        for what in ("interval", "groove"):
            it = values.get(what)
            cells += [f"{it['mean']:.3f}" if it else "-"]
            cells += [f"{it['D']:.3f}", f"{it['p']:.2g}"] if it and it["D"] is not None else ["", ""]
        lines.append(f"| {name} | {values['edges']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:] == ["--self-check"]:
        import self_check

        return self_check.run()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("holes", type=pathlib.Path)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("fills", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--resample", choices=["holes", "songs"], default="holes", help="what is drawn for intervals")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folders = dict(it.split("=", 1) for it in options.fills)
    report = score(songs.read_holes(options.holes), options.root, folders, options.resample, options.seed)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    print(markdown(report), end="")


if __name__ == "__main__":
    main()
