"""Checks the measures: fills of a small song whose measures are known."""

import pathlib
import tempfile

import numpy as np

import songs
from holes import repeats
from score_fills import interval, measure, real_lines
from songs import Note


def run():
    song = songs.Song.__new__(songs.Song)
    song.path, song.tempos, song.meters = pathlib.Path("song.mid"), [(0.0, 500_000)], [(0.0, (4, 4))]
    notes = lambda pitches: [Note(float(beat), pitches[beat % len(pitches)], beat + 0.5, 80) for beat in range(32)]
    song.parts = [songs.Part(1, 0, 0, False, "one", notes([60, 64, 67, 62])),
                  songs.Part(2, 1, 0, False, "two", notes([48])),
                  songs.Part(3, 9, 0, True, "kit", notes([36, 38]))]
    song.lines = song._lines(songs.step(31))
    hole = {"number": 1, "kind": "part", "bars": [3, 4], "parts": [songs.describe(song, 0)], "repeats": True}
    there = [note for note in song.parts[0].notes if 8 <= note.onset < 16]

    def measured(fill, hole=hole, reorder=False):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "001.mid"
            songs.write_filled(path, song, hole, fill)
            if reorder:
                file = songs.mido.MidiFile(path)
                file.tracks = [file.tracks[0], *file.tracks[:0:-1]]
                file.save(path)
            return measure(song, hole, songs.Song(path))

    def change(**how):
        return {0: [note._replace(**{key: of(note) for key, of in how.items()}) for note in there]}

    def near(values, **expected):
        for name, value in expected.items():
            got = values[name.replace("_", " ").replace("f1", "F1")]
            assert abs(got - value) < 1e-9, f"{name} is {got}, not {value}"

    perfect = dict(onset_f1=1, note_f1=1, chroma=1, groove=1, density=0, altered=0)
    assert song.bars == 8 and song.lines[2] == 96
    near(measured({0: there})[0], **perfect)
    near(measured({0: there}, reorder=True)[0], **perfect)
    near(measured({})[0], onset_f1=0, note_f1=0, chroma=0, groove=0, density=1, altered=0)
    octave = measured(change(pitch=lambda it: it.pitch + 12))
    near(octave[0], onset_f1=1, note_f1=0, chroma=1, groove=1, density=0)
    # The last note before the hole is 62 and its first note 72, the last 74 before 60.
    assert np.allclose(sorted(octave[1]), [(10, 1), (14, 1)]), octave[1]
    near(measured(change(pitch=lambda it: it.pitch + 1))[0], onset_f1=1, note_f1=0, chroma=0, groove=1)
    late = change(onset=lambda it: it.onset + 0.25, end=lambda it: it.end + 0.25)
    near(measured(late)[0], onset_f1=0, note_f1=0, chroma=1, groove=0, density=0)
    near(measured({0: there[:4]})[0], onset_f1=2 / 3, note_f1=2 / 3, chroma=0.5, groove=0.5, density=0.5)
    thirds = {0: there + [note._replace(pitch=note.pitch + 4) for note in there]}
    near(measured(thirds)[0], onset_f1=1, note_f1=2 / 3, groove=1, density=1)
    # Two notes a bar where four are: cosine 2 / sqrt(2 * 4).
    near(measured({0: there[::2]})[0], groove=0.5**0.5, density=0.5)
    # Of a kit only the rhythm counts; a fill elsewhere is an alteration.
    drums = {**hole, "parts": [songs.describe(song, 2)]}
    assert measured({}, drums)[0]["chroma"] is None
    outside = {0: there + [Note(20.5, 90, 21.0, 80)]}
    near(measured(outside)[0], note_f1=1, altered=1 / 88)
    whole = {**hole, "kind": "whole", "bars": [1, 8]}
    assert measured({0: song.parts[0].notes}, whole)[1] == []
    every = {**hole, "kind": "all", "parts": [songs.describe(song, index) for index in range(3)]}
    full = {index: [note for note in part.notes if 8 <= note.onset < 16] for index, part in enumerate(song.parts)}
    near(measured(full, every)[0], **perfect)
    near(measured({0: there}, every)[0], note_f1=2 / 4, density=2 / 3)
    # Every bar is the same, so holes repeat, until one note is another.
    assert repeats(song, hole) and repeats(song, every)
    song.parts[0].notes[9] = song.parts[0].notes[9]._replace(pitch=90)
    song.by_bar.cache_clear()
    assert not repeats(song, hole) and not repeats(song, every) and repeats(song, drums)
    song.parts[0].notes[9] = there[1]
    song.by_bar.cache_clear()
    assert len(real_lines(song)) == 2 * 7 and sum(step is None for step, _ in real_lines(song)) == 7
    values = interval([1.0, 2.0, 3.0], [1, 2, 3], np.random.default_rng(0))
    assert values[0] == 2 and 1 <= values[1] < 2 < values[2] <= 3
    print("all as it should be")
