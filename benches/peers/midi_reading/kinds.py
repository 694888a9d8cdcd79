"""Sorts what Leitmotif and other readers make of many MIDI files into kinds of differences.

Usage: kinds.py [--libraries mido,symusic,pretty_midi] NOTES_BINARY RESULTS FOLDER [FOLDER ...]

Reads every file as `compare.py` does (mido with `clip=True`), and appends a line of JSON for each file to RESULTS;
files that have one already are not read again. Prints a table of kinds for each folder, with an example of each.
Of the kinds that apply to a file the first is taken:

- same: the same notes;
- instrument: the same notes, some with another program or drums;
- ends: the same notes, some of which end at another time;
- fewer, more: the other reader has some notes less, or more, and the rest begins at the same times;
- other: anything else;
- refused: the other reader gives an error;
- Leitmotif refuses: only Leitmotif does.
"""

import collections
import json
import multiprocessing
import pathlib
import random
import sys
import warnings

import compare

CHUNK = 20
KINDS = ("same", "instrument", "ends", "fewer", "more", "other", "refused", "Leitmotif refuses")
LIBRARIES = ("mido", "symusic", "pretty_midi")


def kind(ours, theirs):
    """Notes are (onset, pitch, duration, velocity, instrument), counted."""
    if ours == theirs:
        return "same"

    def without(notes, *left_out):
        counted = collections.Counter()
        for note, count in notes.items():
            counted[tuple(it for number, it in enumerate(note) if number not in left_out)] += count
        return counted

    if without(ours, 4) == without(theirs, 4):
        return "instrument"
    ours, theirs = without(ours, 2, 4), without(theirs, 2, 4)
    if ours == theirs:
        return "ends"
    if not theirs - ours:
        return "fewer"
    return "more" if not ours - theirs else "other"


def kind_in_seconds(ours, theirs):
    """Notes are (instrument, pitch, start, end, velocity), in lists."""
    if compare.differing_seconds(ours, theirs) == 0:
        return "same"

    def anyone(notes):
        return [("", *note[1:]) for note in notes]

    def starts(notes):
        return [("", note[1], note[2], note[2], note[4]) for note in notes]

    if compare.differing_seconds(anyone(ours), anyone(theirs)) == 0:
        return "instrument"
    ours, theirs = starts(ours), starts(theirs)
    unmatched = compare.differing_seconds(ours, theirs)
    if unmatched == 0:
        return "ends"
    if unmatched == abs(len(ours) - len(theirs)):
        return "fewer" if len(theirs) < len(ours) else "more"
    return "other"


def read(library, path):
    if library == "mido":
        return compare.by_mido(path, clip=True)
    return compare.by_symusic(path) if library == "symusic" else compare.by_pretty_midi(path)


def look(arguments):
    binary, libraries, paths = arguments
    warnings.filterwarnings("ignore")
    lines = []
    for line in compare.notes_of(binary, *paths):
        result = {"path": line["path"], "report": line.get("report", []), "error": line.get("error")}
        ticks, seconds = (None, None) if "error" in line else compare.ours(line)
        result["notes"] = sum(ticks.values()) if ticks is not None else 0
        for library in libraries:
            try:
                theirs = read(library, line["path"])
            except Exception as error:  # each library has its own
                result[library] = "refused"
                result[library + " error"] = f"{type(error).__name__} {str(error)[:60]}"
                continue
            if ticks is None:
                result[library] = "Leitmotif refuses"
            elif library == "pretty_midi":
                result[library] = kind_in_seconds(seconds, theirs)
            else:
                result[library] = kind(ticks, theirs)
        lines.append(json.dumps(result))
    return lines


def table(title, results):
    print(f"\n## {title}: {len(results)} files\n\n| | {' | '.join(KINDS)} |\n|---{'|---' * len(KINDS)}|")
    for library in LIBRARIES:
        counts = collections.Counter(result[library] for result in results if library in result)
        print(f"| {library} | {' | '.join(str(counts[kind]) for kind in KINDS)} |")
    for library in LIBRARIES:
        for kind in KINDS[1:]:
            examples = [result for result in results if result.get(library) == kind]
            if examples:
                example = min(examples, key=lambda it: it["notes"])
                why = example.get(library + " error") or example["error"] or "; ".join(example["report"])
                print(f"- {library}, {kind} ({len(examples)}): {pathlib.Path(example['path']).name}: {why[:300]}")


def main():
    arguments, libraries = sys.argv[1:], LIBRARIES
    if arguments[0] == "--libraries":
        libraries, arguments = arguments[1].split(","), arguments[2:]
    binary, results, folders = arguments[0], pathlib.Path(arguments[1]), arguments[2:]
    known = {}
    if results.exists():
        known = {line["path"]: line for line in map(json.loads, results.read_text().splitlines())}
    folder_of = {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file() and path.suffix.lower() in (".mid", ".midi", ".kar"):
                folder_of[str(path)] = folder
    wanted = [path for path in folder_of if path not in known]
    random.Random(1).shuffle(wanted)
    chunks = [(binary, libraries, wanted[start:start + CHUNK]) for start in range(0, len(wanted), CHUNK)]
    with multiprocessing.Pool() as pool, results.open("a") as file:
        for lines in pool.imap_unordered(look, chunks):
            for line in lines:
                file.write(line + "\n")
                line = json.loads(line)
                known[line["path"]] = line
            file.flush()
    for folder in folders:
        table(folder, [known[path] for path, of in folder_of.items() if of == folder])
    table("all", [known[path] for path in folder_of])


if __name__ == "__main__":
    main()
