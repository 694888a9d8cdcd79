"""MIDI files as parts and bars, holes in them, and writing them again with holes filled.

Times are in quarters. The grid has 12 steps a quarter; a note belongs to the bar in which its onset
lies after rounding to the grid. A part is what one track plays on one channel with one program. Of
a channel's program, what all tracks say counts, as a synthesiser hears it.
"""

import bisect
import collections
import functools
import json
import pathlib
from dataclasses import dataclass, field

import mido

GRID = 12
DRUMS = 9
RESOLUTION = 480
CHANNELS = [channel for channel in range(16) if channel != DRUMS]

Note = collections.namedtuple("Note", "onset pitch end velocity")


def step(quarters):
    """The nearest step of the grid; halves round up."""
    return int(quarters * GRID + 0.5)


@dataclass(eq=False)
class Part:
    """Its place in the file, its program (of a kit: the kit's), and its notes by onset."""

    track: int
    channel: int
    program: int
    drums: bool
    name: str
    notes: list = field(default_factory=list)

    @property
    def voice(self):
        """The instrument: a program, or `drums` for all kits."""
        return "drums" if self.drums else self.program


class Song:
    """The parts of a file in the order of tracks and channels, its tempos and meters, and its bars.

    `lines` are the steps at which bars begin, and one more where the last bar with an onset ends.
    """

    def __init__(self, path):
        file = mido.MidiFile(path, clip=True)
        self.path = pathlib.Path(path)
        self.parts, self.tempos, meters = self._perform(file)
        last = max((step(note.onset) for part in self.parts for note in part.notes), default=0)
        self.meters = sorted(meters.items())
        self.lines = self._lines(last)

    def _perform(self, file):
        messages = []
        for number, track in enumerate(file.tracks):
            now, port = 0, 0
            for message in track:
                now += message.time
                port = message.port if message.type == "midi_port" else port
                messages.append((now, number, port, message))
        messages.sort(key=lambda it: it[0])
        programs, names, tempos, meters = collections.Counter(), {}, {}, {}
        parts, sounding = {}, collections.defaultdict(collections.deque)
        for tick, number, port, message in messages:
            now = tick / file.ticks_per_beat
            if message.type == "track_name":
                names.setdefault(number, message.name)
            elif message.type == "set_tempo":
                tempos[now] = message.tempo
            elif message.type == "time_signature":
                meters[now] = (message.numerator, message.denominator)
            elif message.type == "program_change":
                programs[port, message.channel] = message.program
            elif message.type == "note_on" and message.velocity > 0:
                program = programs[port, message.channel]
                key = (number, port, message.channel, program)
                notes = parts.setdefault(key, [])
                sounding[number, port, message.channel, message.note].append((notes, len(notes)))
                notes.append(Note(now, message.note, now, message.velocity))
            elif message.type in ("note_on", "note_off"):
                waiting = sounding[number, port, message.channel, message.note]
                if waiting:
                    notes, place = waiting.popleft()
                    notes[place] = notes[place]._replace(end=now)
        made = [Part(key[0], key[2], key[3], key[2] == DRUMS, names.get(key[0], ""), sorted(notes))
                for key, notes in sorted(parts.items(), key=lambda it: it[0][:3])]
        return made, sorted(tempos.items()), meters

    def _lines(self, last):
        meters = self.meters if self.meters and self.meters[0][0] == 0 else [(0.0, (4, 4)), *self.meters]
        starts, lines = [at for at, _ in meters[1:]] + [float("inf")], []
        for (now, (numerator, denominator)), end in zip(meters, starts):
            length = 4 * numerator / denominator
            while now < end - 1 / GRID / 2:
                lines.append(step(now))
                if lines[-1] > last:
                    return lines
                now += length
        return lines

    @property
    def bars(self):
        """How many there are; the last has an onset."""
        return len(self.lines) - 1

    def bar(self, onset):
        """The bar of an onset, counted from 1; bars beyond the last count as the one after it."""
        return bisect.bisect_right(self.lines, step(onset))

    @functools.cache
    def by_bar(self, part):
        """Bar -> the notes of a part that begin there."""
        result = collections.defaultdict(list)
        for note in part.notes:
            result[self.bar(note.onset)].append(note)
        return result

    def start(self, bar):
        """Where a bar begins, in quarters."""
        return self.lines[bar - 1] / GRID

    def cell(self, notes, bar):
        """Notes of a bar as a sorted list of (step in the bar, pitch)."""
        return sorted((step(note.onset) - self.lines[bar - 1], note.pitch) for note in notes)

    def moved(self, notes, source, bar, target):
        """Notes of bar `source` of this song, moved to bar `bar` of song `target` and cut to that
        bar."""
        start = target.start(bar)
        shift = start - self.start(source)
        moved = [note._replace(onset=max(note.onset + shift, start), end=note.end + shift) for note in notes]
        return [note for note in moved if step(note.onset) < target.lines[bar]]


def describe(song, index):
    """What a hole says of a part. `instrument` is its program (or `drums`) and which of the parts
    with it this is."""
    part = song.parts[index]
    ordinal = sum(other.voice == part.voice for other in song.parts[: index + 1])
    return {"index": index, "track": part.track, "channel": part.channel, "program": part.program, "drums": part.drums,
            "name": part.name, "instrument": f"{part.voice}:{ordinal}"}


def inside(song, hole, note):
    return hole["bars"][0] <= song.bar(note.onset) <= hole["bars"][1]


def split(song, hole):
    """The notes of each part that are given, and those in the hole, by the index of the part."""
    holed = {part["index"] for part in hole["parts"]}
    given, missing = {}, {}
    for index, part in enumerate(song.parts):
        gone = [note for note in part.notes if inside(song, hole, note)] if index in holed else []
        missing[index] = gone
        given[index] = [note for note in part.notes if not inside(song, hole, note)] if index in holed else part.notes
    return given, missing


def read_holes(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def fill_path(folder, hole):
    return pathlib.Path(folder) / f"{hole['number']:03}.mid"


def write_filled(path, song, hole, fills):
    """Writes the song with the notes of `fills` (by the index of the part) instead of those in the
    hole.

    A track and a channel for each part; beyond fifteen pitched parts, further ports. Controllers
    are left out.
    """
    given, _ = split(song, hole)
    write(path, song, {index: given[index] + list(fills.get(index, [])) for index in given})


def write(path, song, notes):
    """Writes the song with `notes` (by the index of the part) as its notes."""
    file = mido.MidiFile(ticks_per_beat=RESOLUTION)
    marks = [(tick(at), mido.MetaMessage("set_tempo", tempo=tempo)) for at, tempo in song.tempos]
    for at, (numerator, denominator) in song.meters:
        marks.append((tick(at), mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)))
    file.tracks.append(as_track(marks))
    pitched = 0
    for index, part in enumerate(song.parts):
        port, channel = (0, DRUMS) if part.drums else (pitched // len(CHANNELS), CHANNELS[pitched % len(CHANNELS)])
        pitched += not part.drums
        events = [(0, mido.MetaMessage("track_name", name=part.name)), (0, mido.MetaMessage("midi_port", port=port))]
        events.append((0, mido.Message("program_change", channel=channel, program=part.program)))
        for on, off, pitch, velocity in apart(notes[index]):
            events.append((on, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
            events.append((off, mido.Message("note_off", channel=channel, note=pitch, velocity=0)))
        file.tracks.append(as_track(events))
    file.save(path)


def tick(quarters):
    return round(quarters * RESOLUTION)


def apart(notes):
    """Notes in ticks; of one pitch each ends where the next begins at the latest, and lasts a tick
    at least."""
    after, result = {}, []
    for note in sorted(notes, reverse=True):
        on = tick(note.onset)
        off = min(max(tick(note.end), on + 1), after.get(note.pitch, tick(note.end) + 1))
        if off > on:
            result.append((on, off, note.pitch, note.velocity))
            after[note.pitch] = on
    return result[::-1]


def as_track(events):
    """A track of (tick, message); at one tick notes end before others begin."""
    track, now = mido.MidiTrack(), 0
    for at, message in sorted(events, key=lambda it: (it[0], it[1].type == "note_on")):
        track.append(message.copy(time=at - now))
        now = at
    return track
