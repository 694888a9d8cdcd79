"""Compares the notes that Leitmotif reads, and writes, with mido, symusic and pretty_midi.

Usage: compare.py NOTES_BINARY FOLDER [FOLDER ...]

NOTES_BINARY is `cargo build --release --example notes -p leitmotif-score`. Every file is read by Leitmotif, written
again by it, and both are read by all three libraries. Compared are, as multisets over the whole file,
(onset, pitch, duration, velocity, drums or program): in ticks where the library has ticks, in seconds for
pretty_midi. Prints a table per folder, and the files that differ with how many notes do.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import mido
import pretty_midi
import symusic

warnings.filterwarnings("ignore")
SECONDS = 1e-4


def by_mido(path, clip=False):
    """Notes by our own first-in-first-out pairing over mido's messages, per track and channel."""
    file = mido.MidiFile(path, clip=clip)
    messages = []
    for number, track in enumerate(file.tracks):
        now, port = 0, 0
        for message in track:
            now += message.time
            if message.type == "midi_port":
                port = message.port
            messages.append((now, number, port, message))
        messages.append((now, number, port, None))
    messages.sort(key=lambda it: it[0])
    programs = collections.defaultdict(int)
    sounding = collections.defaultdict(collections.deque)
    notes = collections.Counter()

    def close(key, now):
        onset, velocity, who = sounding[key].popleft()
        notes[(onset, key[3], max(now - onset, 1), velocity, who)] += 1

    for now, number, port, message in messages:
        if message is None:
            for key in [key for key in sounding if key[0] == number]:
                while sounding[key]:
                    close(key, now)
        elif message.type == "program_change":
            programs[port, message.channel] = message.program
        elif message.type == "note_on" and message.velocity > 0:
            who = "drums" if message.channel == 9 else programs[port, message.channel]
            sounding[number, port, message.channel, message.note].append((now, message.velocity, who))
        elif message.type in ("note_on", "note_off"):
            key = (number, port, message.channel, message.note)
            if sounding[key]:
                close(key, now)
        elif message.type == "control_change" and message.control in (120, 123):
            for key in [key for key in sounding if key[1:3] == (port, message.channel)]:
                while sounding[key]:
                    close(key, now)
    return notes


def by_symusic(path):
    notes = collections.Counter()
    for track in symusic.Score(str(path)).tracks:
        who = "drums" if track.is_drum else track.program
        for note in track.notes:
            notes[(note.time, note.pitch, max(note.duration, 1), note.velocity, who)] += 1
    return notes


def by_pretty_midi(path):
    notes = []
    for instrument in pretty_midi.PrettyMIDI(str(path)).instruments:
        who = "drums" if instrument.is_drum else str(instrument.program)
        notes += [(who, note.pitch, note.start, note.end, note.velocity) for note in instrument.notes]
    return notes


def ours(line):
    ticks, seconds = collections.Counter(), []
    for part in line["parts"]:
        who = "drums" if part["drums"] else part["program"]
        for onset, pitch, duration, velocity, start, end in part["notes"]:
            ticks[(onset, pitch, duration, velocity, who)] += 1
            seconds.append((str(who), pitch, start, end, velocity))
    return ticks, seconds


def differing(left, right):
    return max(sum((left - right).values()), sum((right - left).values()))


def differing_seconds(left, right):
    """How many notes have no partner within SECONDS."""
    partners = collections.defaultdict(list)
    for note in right:
        partners[note[0], note[1], note[4]].append(note)
    missing = abs(len(left) - len(right))
    unmatched = 0
    for note in left:
        candidates = partners[note[0], note[1], note[4]]
        found = next((it for it in candidates
                      if abs(it[2] - note[2]) < SECONDS and abs(it[3] - note[3]) < SECONDS), None)
        if found is None:
            unmatched += 1
        else:
            candidates.remove(found)
    return max(missing, unmatched)


def compare(name, line, path, tally, differences):
    ticks, seconds = ours(line)
    for library, read in (("mido", by_mido), ("symusic", by_symusic), ("pretty_midi", by_pretty_midi)):
        try:
            theirs = read(path)
        except Exception as error:  # each library has its own
            tally[library, "refused"] += 1
            differences.append(f"{name}: {library} refuses it: {type(error).__name__} {str(error)[:60]}")
            continue
        count = differing_seconds(seconds, theirs) if library == "pretty_midi" else differing(ticks, theirs)
        tally[library, "same" if count == 0 else "differ"] += 1
        if count:
            total = sum(ticks.values())
            differences.append(f"{name}: {library} differs in {count} of {total} notes")


def notes_of(binary, *arguments):
    output = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def main():
    binary, folders = sys.argv[1], sys.argv[2:]
    for folder in folders:
        everything = sorted(pathlib.Path(folder).rglob("*"))
        paths = [path for path in everything if path.is_file() and path.suffix.lower() in (".mid", ".midi", ".kar")]
        with tempfile.TemporaryDirectory() as copies:
            lines = notes_of(binary, "--rewrite", copies, *paths)
            good = [line for line in lines if "error" not in line]
            again = notes_of(binary, *[line["rewritten"] for line in good])
            print(f"## {folder}: {len(paths)} files, {len(good)} read")
            for title, pairs in (("as they are", [(line["path"], line) for line in good]),
                                 ("written by Leitmotif", [(line["path"], line) for line in again])):
                tally, differences = collections.Counter(), []
                for path, line in pairs:
                    compare(pathlib.Path(path).name, line, path, tally, differences)
                print(f"\n{title}:\n\n| library | same notes | different | refused |\n|---|---|---|---|")
                for library in ("mido", "symusic", "pretty_midi"):
                    counts = [tally[library, kind] for kind in ("same", "differ", "refused")]
                    print(f"| {library} | {' | '.join(map(str, counts))} |")
                for difference in differences:
                    print(f"- {difference}")
            print()


if __name__ == "__main__":
    main()
