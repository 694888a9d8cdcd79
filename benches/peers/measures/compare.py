"""Compares Leitmotif's measures of pieces with MusPy's, and its features of Yang and Lerch with a second implementation.

Usage: compare.py MEASURES_BINARY FOLDER [FOLDER ...]

MEASURES_BINARY is `cargo build --release --example measures -p leitmotif-measures`. Of each folder, 50 evenly spaced MIDI files
are taken. Prints tables: how many values are the same, and the largest difference.
"""

import collections
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import warnings

import muspy
import numpy as np

import copies
import yang_lerch

warnings.filterwarnings("ignore")
FILES = 50
# Beyond rounding of sums in another order.
TOLERANCE = 1e-9
# The same of areas, which the two integrate by different rules.
AREA_TOLERANCE = 1e-5


def chosen(folder):
    everything = pathlib.Path(folder).rglob("*")
    found = sorted(it for it in everything if it.is_file() and it.suffix.lower() in (".mid", ".midi"))
    return [found[index * len(found) // FILES] for index in range(FILES)] if len(found) > FILES else found


def ours(binary, *arguments):
    output = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def by_muspy(path, line):
    music = muspy.read_midi(path)
    measure = line["ticks_per_measure"]
    plain = ["pitch_range", "n_pitches_used", "n_pitch_classes_used", "pitch_entropy", "pitch_class_entropy",
             "scale_consistency", "polyphony", "polyphony_rate", "empty_beat_rate", "drum_pattern_consistency"]
    values = {name: getattr(muspy, name)(music) for name in plain}
    values["empty_measure_rate"] = muspy.empty_measure_rate(music, measure)
    values["groove_consistency"] = muspy.groove_consistency(music, measure)
    values["drum_in_duple_rate"] = muspy.drum_in_pattern_rate(music, "duple")
    values["drum_in_triple_rate"] = muspy.drum_in_pattern_rate(music, "triple")
    values["in_c_major"] = muspy.pitch_in_scale_rate(music, 0, "major")
    values["in_a_minor"] = muspy.pitch_in_scale_rate(music, 9, "minor")
    return values


class Table:
    """Counts, by name, the pairs of values that are the same."""

    def __init__(self):
        self.same, self.all = collections.Counter(), collections.Counter()
        self.largest, self.different = collections.defaultdict(float), []

    def add(self, where, name, mine, theirs, tolerance=TOLERANCE):
        missing = lambda it: it is None or np.size(it) == 1 and not math.isfinite(it)
        if missing(mine) or missing(theirs):
            difference = 0.0 if missing(mine) and missing(theirs) else math.inf
        else:
            difference = float(np.max(np.abs(np.asarray(mine, dtype=float) - np.asarray(theirs, dtype=float))))
        self.all[name] += 1
        self.same[name] += difference <= tolerance
        self.largest[name] = max(self.largest[name], difference)
        if difference > tolerance:
            self.different.append(f"{where}: {name} {np.ravel(mine)[:3]} against {np.ravel(theirs)[:3]}")

    def show(self, title, samples=12):
        print(f"\n### {title}\n\n| value | same | of | largest difference |\n|---|---|---|---|")
        for name in self.all:
            print(f"| {name} | {self.same[name]} | {self.all[name]} | {self.largest[name]:.1e} |")
        for line in self.different[:samples]:
            print(f"- {line}")
        if len(self.different) > samples:
            print(f"- and {len(self.different) - samples} more")


def measures(binary, paths, title):
    table, refused = Table(), []
    for path, line in zip(paths, ours(binary, *paths)):
        try:
            theirs = by_muspy(path, line)
        except Exception as error:  # MusPy has no error of its own for what it cannot read
            refused.append(f"{path.name}: {type(error).__name__} {str(error)[:60]}")
            continue
        for name, value in theirs.items():
            mine = line["measures"][name] if name in line["measures"] else line[name]
            table.add(path.name, name, mine, value)
    table.show(title)
    for line in refused:
        print(f"- refused by MusPy: {line}")


def features(binary, paths, title):
    half = len(paths) // 2
    *lines, comparison = ours(binary, "--compare", half, *paths)
    theirs = [yang_lerch.features(str(path)) for path in paths]
    table = Table()
    for path, line, other in zip(paths, lines, theirs):
        for name in yang_lerch.NAMES:
            table.add(path.name, name, line["yang_lerch"][name], other[name])
    table.show(f"Features, {title}")
    table = Table()
    wanted = yang_lerch.compare(theirs[:half], theirs[half:])
    for line in comparison["comparison"]:
        for mine, other in zip((line["generated_agreement"], line["real_agreement"]), wanted[line["feature"]]):
            for name in ("overlap", "kl", "kl_own_grids"):
                tolerance = AREA_TOLERANCE if name == "overlap" else TOLERANCE
                table.add(line["feature"], name, mine and mine[name], other and other[name], tolerance)
    table.show(f"First half against second half, {title}")


def main():
    binary, folders = sys.argv[1], sys.argv[2:]
    for folder in folders:
        paths = chosen(folder)
        print(f"\n## {folder}: {len(paths)} files")
        measures(binary, paths, "MusPy, files as they are")
        with tempfile.TemporaryDirectory() as scratch:
            single, whole = [], []
            for number, path in enumerate(paths):
                resolution, marks, parts = copies.read(path)
                pitched = [part for part in parts if not part[0]]
                if not pitched:
                    continue
                single.append(pathlib.Path(scratch, f"{number}-one.mid"))
                copies.write(single[-1], resolution, marks, [max(pitched, key=lambda part: len(part[1]))])
                if len(pitched) <= len(copies.CHANNELS) and len(parts) > 1:
                    whole.append(pathlib.Path(scratch, f"{number}-all.mid"))
                    copies.write(whole[-1], resolution, marks, parts)
            measures(binary, whole, "MusPy, plain copies of whole files")
            features(binary, single, "plain copies of the busiest pitched part of each file")
            if whole:
                features(binary, whole, "plain copies of whole files")


if __name__ == "__main__":
    main()
