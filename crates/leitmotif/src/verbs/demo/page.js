"use strict";
const pieces = [/*music*/];
const drumShare = 0.24;

function draw(canvas, piece, now) {
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  const width = box.width, height = box.height;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const style = getComputedStyle(document.documentElement);
  const ink = name => style.getPropertyValue("--" + name);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const x = time => time / piece.length * width;
  pen.fillStyle = ink("grid");
  for (const bar of piece.bars) pen.fillRect(x(bar), 0, 1, height);
  const lane = drums => {
    const pitches = piece.parts.filter(part => part.drums === drums).flatMap(part => part.notes.map(note => note[2]));
    const low = Math.min(...pitches), high = Math.max(...pitches);
    const hasDrums = piece.parts.some(part => part.drums && part.notes.length);
    const top = drums ? height * (1 - drumShare) : 0;
    const room = (drums ? height * drumShare : height * (hasDrums ? 1 - drumShare : 1)) - 10;
    const step = room / Math.max(1, high - low + 1);
    return pitch => [top + 5 + (high - pitch) * step, Math.max(1.5, step)];
  };
  for (const drums of [true, false]) {
    const place = lane(drums);
    for (const part of piece.parts.filter(part => part.drums === drums)) {
      pen.fillStyle = ink(part.colour);
      for (const [onset, length, pitch] of part.notes) {
        const [y, thick] = place(pitch);
        const sounds = now > onset && now < onset + Math.max(length, 12);
        pen.globalAlpha = now > 0 && !sounds ? 0.45 : 0.9;
        const wide = drums ? 2 : Math.max(1.5, x(length) - 0.5);
        pen.fillRect(x(onset), y, wide, thick);
      }
    }
  }
  pen.globalAlpha = 1;
  if (now > 0) {
    pen.fillStyle = ink("accent");
    pen.fillRect(x(now) - 1, 0, 2, height);
  }
}

const all = [...document.querySelectorAll("canvas")].map(canvas => {
  const piece = pieces[canvas.dataset.piece];
  const sound = canvas.parentElement.querySelector("audio");
  const show = () => draw(canvas, piece, sound.currentTime * 100);
  const follow = () => { show(); if (!sound.paused) requestAnimationFrame(follow); };
  sound.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== sound) other.pause();
    follow();
  });
  sound.addEventListener("seeked", show);
  sound.addEventListener("ended", () => draw(canvas, piece, 0));
  canvas.addEventListener("click", event => {
    const box = canvas.getBoundingClientRect();
    const time = (event.clientX - box.left) / box.width * piece.length / 100;
    const start = () => { sound.currentTime = time; sound.play(); };
    if (sound.readyState > 0) { start(); return; }
    sound.addEventListener("loadedmetadata", start, { once: true });
    sound.load();
  });
  show();
  return show;
});
const again = () => all.forEach(show => show());
window.addEventListener("resize", again);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
