"use strict";
// A small synthesiser: an oscillator and an envelope a note, by family of instruments; drums are noise and sweeps.
// Shape, seconds of attack, seconds of decay (0: sounds until the note ends), level, cutoff of a low-pass (0: none).
const voices = [
  ["triangle", 0.004, 1.4, 0.55, 0],    // piano
  ["sine", 0.002, 0.9, 0.6, 0],         // chromatic percussion
  ["sine", 0.02, 0, 0.35, 0],           // organ
  ["triangle", 0.004, 0.9, 0.55, 0],    // guitar
  ["triangle", 0.006, 1.1, 0.8, 900],   // bass
  ["sawtooth", 0.09, 0, 0.22, 2200],    // strings
  ["sawtooth", 0.12, 0, 0.2, 1800],     // ensemble
  ["sawtooth", 0.03, 0, 0.22, 2400],    // brass
  ["square", 0.03, 0, 0.18, 1900],      // reed
  ["sine", 0.05, 0, 0.5, 0],            // pipe
  ["square", 0.01, 0, 0.16, 3200],      // synth lead
  ["sawtooth", 0.25, 0, 0.16, 1200],    // synth pad
  ["triangle", 0.1, 0, 0.3, 0],         // synth effects
  ["triangle", 0.004, 0.6, 0.5, 0],     // plucked of the world
  ["sine", 0.002, 0.4, 0.6, 0],         // percussive
  ["sine", 0.05, 0, 0.2, 0],            // sound effects
];
const DRUMS = 16, AHEAD = 0.25, RELEASE = 0.08;
let sound = null, noise = null, playing = null;

function start() {
  if (!sound) {
    sound = new AudioContext();
    noise = sound.createBuffer(1, sound.sampleRate, sound.sampleRate);
    const data = noise.getChannelData(0);
    let state = 1;
    for (let k = 0; k < data.length; k++) {
      state = (state * 16807) % 2147483647;
      data[k] = state / 1073741823.5 - 1;
    }
  }
  sound.resume();
}

function filtered(kind, cutoff) {
  const filter = sound.createBiquadFilter();
  filter.type = kind;
  filter.frequency.value = cutoff;
  return filter;
}

function tone(note, at, out) {
  const [, length, pitch, velocity, family] = note;
  const [shape, attack, decay, level, cutoff] = voices[family];
  const oscillator = sound.createOscillator(), gain = sound.createGain();
  const end = at + Math.max(length / 1000, attack), loud = level * (velocity / 127) ** 1.5;
  oscillator.type = shape;
  oscillator.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + attack);
  if (decay) gain.gain.setTargetAtTime(0, at + attack, decay / 3);
  gain.gain.setTargetAtTime(0, end, RELEASE / 3);
  oscillator.connect(gain);
  if (cutoff) { const low = filtered("lowpass", cutoff); gain.connect(low); low.connect(out); } else gain.connect(out);
  oscillator.start(at);
  oscillator.stop(end + RELEASE * 2);
}

function drum(note, at, out) {
  const [, , pitch, velocity] = note;
  const gain = sound.createGain(), loud = (velocity / 127) ** 1.5;
  const sweeps = [35, 36, 41, 43, 45, 47, 48, 50].includes(pitch), kick = pitch === 35 || pitch === 36;
  const cymbal = [49, 52, 55, 57].includes(pitch), open = [46, 51, 53, 59].includes(pitch);
  const length = cymbal ? 0.9 : open ? 0.35 : sweeps ? 0.25 : [38, 40, 39].includes(pitch) ? 0.18 : 0.06;
  gain.gain.setValueAtTime(loud * (kick ? 0.9 : sweeps ? 0.6 : 0.3), at);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  gain.connect(out);
  let source;
  if (sweeps) {
    source = sound.createOscillator();
    const high = kick ? 140 : 110 + (pitch - 40) * 14;
    source.frequency.setValueAtTime(high, at);
    source.frequency.exponentialRampToValueAtTime(high / 2.6, at + length);
    source.connect(gain);
  } else {
    source = sound.createBufferSource();
    source.buffer = noise;
    source.loop = true;
    const snare = [38, 40, 39, 37].includes(pitch), filter = filtered(snare ? "bandpass" : "highpass", snare ? 1800 : 6500);
    source.connect(filter);
    filter.connect(gain);
  }
  source.start(at);
  source.stop(at + length);
}

const clock = seconds => Math.floor(seconds / 60) + ":" + String(Math.floor(seconds % 60)).padStart(2, "0");

for (const box of document.querySelectorAll(".player")) {
  const piece = JSON.parse(box.querySelector("script").textContent);
  const button = box.querySelector("button"), slider = box.querySelector("input"), time = box.querySelector("output");
  const total = piece.length / 1000;
  let from = 0, began = 0, next = 0, timer = 0, out = null;
  const now = () => (out ? Math.max(0, sound.currentTime - began) + from : from);
  const show = () => {
    slider.value = String(now());
    time.textContent = clock(now()) + " / " + clock(total);
  };
  const stop = () => {
    clearInterval(timer);
    if (out) { from = now(); out.disconnect(); }
    out = null;
    playing = null;
    button.textContent = "Play";
    if (from >= total) from = 0;
    show();
  };
  const more = () => {
    while (next < piece.notes.length && piece.notes[next][0] / 1000 < now() + AHEAD) {
      const note = piece.notes[next++], at = Math.max(sound.currentTime, began + note[0] / 1000 - from);
      if (note[4] === DRUMS) drum(note, at, out); else tone(note, at, out);
    }
    show();
    if (now() >= total + 0.3) stop();
  };
  const play = () => {
    if (playing) playing();
    start();
    out = sound.createGain();
    out.gain.value = 0.35;
    const soft = sound.createDynamicsCompressor();
    out.connect(soft);
    soft.connect(sound.destination);
    began = sound.currentTime + 0.08;
    next = piece.notes.findIndex(note => note[0] / 1000 >= from);
    if (next < 0) next = piece.notes.length;
    playing = stop;
    button.textContent = "Stop";
    timer = setInterval(more, 60);
    more();
  };
  slider.max = String(total);
  button.addEventListener("click", () => (out ? stop() : play()));
  slider.addEventListener("input", () => {
    const on = out !== null, to = Number(slider.value);
    if (on) stop();
    from = to;
    if (on) play(); else show();
  });
  for (const control of [button, slider]) control.hidden = false;
  show();
}
