"""The nine features of Yang and Lerch and the comparison of two sets, written from the paper's definitions and from what
`mgeval` is seen to compute, on pretty_midi, mido, NumPy and SciPy.

`mgeval` itself is a Python 2 program and on no package index. What it takes from pretty_midi (piano roll at 100 frames a
second, onsets, transitions between pitch classes) is taken from there here too; what it reads from the events of a track
is read from mido's.
"""

import mido
import numpy as np
import pretty_midi
from scipy import integrate, stats

FRAMES = 100
# In 96ths of a bar; of two equally near the first counts.
LENGTHS = np.array([96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8])
NAMES = ["pitch_count", "pitch_class_histogram", "pitch_class_transitions", "pitch_range", "pitch_interval",
         "note_count", "inter_onset_interval", "note_length_histogram", "note_length_transitions"]


def features(path):
    """The features of a file in which each track that is no drum track is a part, pooled as Leitmotif pools them. Of a file
    with one track of notes, what `mgeval` gives."""
    song = pretty_midi.PrettyMIDI(path)
    pitched = [instrument for instrument in song.instruments if not instrument.is_drum]
    weights = sum((instrument.get_piano_roll(fs=FRAMES).sum(axis=1) for instrument in pitched), np.zeros(128))
    sounding = np.flatnonzero(weights)
    classes = np.array([weights[first::12].sum() for first in range(12)])
    onsets = np.sort([note.start for instrument in pitched for note in instrument.notes])
    steps, lengths, followers, count = [], np.zeros(12), np.zeros((12, 12)), 0
    for track in tracks(path):
        pitches = [pitch for pitch, _, _ in track]
        kinds = [int(np.abs(LENGTHS * (bar / 96) - length).argmin()) for _, length, bar in track]
        steps += list(np.abs(np.diff(pitches)))
        count += len(track)
        np.add.at(lengths, kinds, 1)
        np.add.at(followers, (kinds[:-1], kinds[1:]), 1)
    return {
        "pitch_count": len(sounding),
        "pitch_class_histogram": classes / max(classes.sum(), 1e-300),
        "pitch_class_transitions": song.get_pitch_class_transition_matrix(),
        "pitch_range": int(np.ptp(sounding)) if len(sounding) else 0,
        "pitch_interval": float(np.mean(steps)) if steps else None,
        "note_count": count,
        "inter_onset_interval": float(np.mean(np.diff(onsets))) if len(onsets) > 1 else None,
        "note_length_histogram": lengths / max(count, 1),
        "note_length_transitions": followers,
    }


def tracks(path):
    """Each pitched track as a list of (pitch, length, length of the bar) in ticks, in the order of its events."""
    file = mido.MidiFile(path)
    meters = [(0, 4 * file.ticks_per_beat)]
    result = []
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == "time_signature":
                meters.append((now, message.numerator * file.ticks_per_beat * 4 / message.denominator))
    for track in file.tracks:
        now, notes, sounding = 0, [], {}
        for message in track:
            now += message.time
            if message.type not in ("note_on", "note_off") or message.channel == 9:
                continue
            if message.type == "note_on" and message.velocity > 0:
                sounding[message.note] = len(notes)
                notes.append([message.note, now, None])
            else:
                notes[sounding[message.note]][2] = now
        bar = lambda onset: [length for at, length in meters if at <= onset][-1]
        result.append([(pitch, end - onset, bar(onset)) for pitch, onset, end in notes])
    return result


def agreement(intra, inter):
    """Overlapped area, divergence at common places, and divergence as `mgeval` reads the two densities; None where SciPy
    has no density."""
    if min(len(set(intra)), len(set(inter))) < 3:
        return None
    p, q = stats.gaussian_kde(intra), stats.gaussian_kde(inter)
    low, high = min(min(intra), min(inter)), max(max(intra), max(inter))
    area = integrate.quad(lambda x: min(p(x)[0], q(x)[0]), low, high, limit=500)[0]
    places = np.linspace(low, high, 2001)
    own = [density(np.linspace(min(of), max(of), 1000)) for density, of in ((p, intra), (q, inter))]
    return {"overlap": area, "kl": stats.entropy(p(places), q(places)), "kl_own_grids": stats.entropy(*own)}


def compare(generated, real):
    """For each feature the agreement of each set's own distances with those between the sets."""
    result = {}
    for name in NAMES:
        vectors = lambda them: [np.ravel(it[name]).astype(float) for it in them if it[name] is not None]
        a, b = vectors(generated), vectors(real)
        inter = [np.linalg.norm(x - y) for x in a for y in b]
        within = [[np.linalg.norm(x - y) for i, x in enumerate(it) for j, y in enumerate(it) if i != j] for it in (a, b)]
        result[name] = [agreement(intra, inter) for intra in within]
    return result
