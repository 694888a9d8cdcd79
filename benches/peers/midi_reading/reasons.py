"""Says what the files have in common that other readers read differently.

Usage: reasons.py RESULTS LIBRARY KIND [MOST]

RESULTS is that of `kinds.py`; of the files with this KIND of difference, MOST are looked at with mido: notes of a pitch
that overlap, have no length or never end, tempos outside the first track, all-notes-off while notes sound. Prints how
many files have which of these together, and some of those that have none.
"""

import collections
import json
import pathlib
import random
import sys

import mido


def features(path):
    found = set()
    for number, track in enumerate(mido.MidiFile(path, clip=True).tracks):
        sounding = collections.defaultdict(collections.deque)
        now = 0
        for message in track:
            now += message.time
            if message.type == "set_tempo" and number > 0:
                found.add("tempos outside the first track")
            elif message.type == "note_on" and message.velocity > 0:
                starts = sounding[message.channel, message.note]
                if starts:
                    found.add("a pitch struck while it sounds")
                starts.append(now)
            elif message.type in ("note_on", "note_off"):
                starts = sounding[message.channel, message.note]
                if starts and starts.popleft() == now:
                    found.add("notes without length")
            elif message.type == "control_change" and message.control in (120, 123) and any(sounding.values()):
                found.add("all notes off")
        if any(sounding.values()):
            found.add("notes that never end")
    return found


def main():
    results, library, kind = sys.argv[1:4]
    lines = map(json.loads, pathlib.Path(results).read_text().splitlines())
    paths = sorted(line["path"] for line in lines if line.get(library) == kind)
    random.Random(1).shuffle(paths)
    counts, examples = collections.Counter(), []
    for path in paths[:int(sys.argv[4]) if len(sys.argv) > 4 else len(paths)]:
        try:
            found = features(path)
        except Exception:  # mido has several
            found = {"mido refuses it"}
        counts[", ".join(sorted(found)) or "none of these"] += 1
        if not found:
            examples.append(path)
    print(f"{library}, {kind}: {len(paths)} files")
    for reasons, count in counts.most_common():
        print(f"- {count}: {reasons}")
    for path in examples[:5]:
        print(f"  {path}")


if __name__ == "__main__":
    main()
