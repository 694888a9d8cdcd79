"""Plain copies of MIDI files, which every reader reads alike.

A copy holds the notes of a file, and the tempos and meters before the last of them ends, and nothing else: no controllers,
no bends, one program a part, no pitch struck again while it sounds. Notes that begin together are written from the lowest
up.
"""

import collections

import mido

DRUMS = 9
CHANNELS = [channel for channel in range(16) if channel != DRUMS]


def read(path):
    """The resolution, the tempo and meter messages with their ticks, and the parts as (drums, notes); a note is
    (onset, pitch, end, velocity). A part is what one track plays on one channel."""
    file = mido.MidiFile(path, clip=True)
    marks, parts = [], collections.OrderedDict()
    for number, track in enumerate(file.tracks):
        now, open_notes = 0, collections.defaultdict(list)
        for message in track:
            now += message.time
            if message.type in ("set_tempo", "time_signature"):
                marks.append((now, message.copy(time=0)))
            elif message.type == "note_on" and message.velocity > 0:
                open_notes[message.channel, message.note].append((now, message.velocity))
            elif message.type in ("note_on", "note_off") and open_notes[message.channel, message.note]:
                onset, velocity = open_notes[message.channel, message.note].pop(0)
                notes = parts.setdefault((number, message.channel), [])
                if now > onset:
                    notes.append((onset, message.note, now, velocity))
    end = max((note[2] for notes in parts.values() for note in notes), default=0)
    marks = sorted((it for it in marks if it[0] < end), key=lambda it: it[0])
    kept = [(channel == DRUMS, plain(notes)) for (_, channel), notes in parts.items() if notes]
    return file.ticks_per_beat, marks, kept


def plain(notes):
    """The notes in order; each ends where its pitch is struck again, and of one pitch and tick the last stays."""
    latest = {}
    for onset, pitch, end, velocity in sorted(notes):
        latest[pitch, onset] = (end, velocity)
    after, result = {}, []
    for (pitch, onset), (end, velocity) in sorted(latest.items(), reverse=True):
        result.append((onset, pitch, min(end, after.get(pitch, end)), velocity))
        after[pitch] = onset
    return sorted(result)


def write(path, resolution, marks, parts):
    """One track for one part, else one for the marks and one for each part, each on a channel of its own."""
    pitched = iter(CHANNELS)
    tracks = [[(tick, 0, mark) for tick, mark in marks]]
    for drums, notes in parts:
        channel = DRUMS if drums else next(pitched)
        events = []
        for onset, pitch, end, velocity in notes:
            events.append((onset, 2, mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)))
            events.append((end, 1, mido.Message("note_off", note=pitch, velocity=0, channel=channel)))
        if len(parts) == 1:
            tracks[0] += events
        else:
            tracks.append(events)
    file = mido.MidiFile(type=min(len(tracks) - 1, 1), ticks_per_beat=resolution)
    for events in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, _, message in sorted(events, key=lambda it: it[:2]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
