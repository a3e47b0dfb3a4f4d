// Draws movement as it comes (reauth/watching.py): pieces of points, played at the speed they had.
'use strict';

const SVG = 'http://www.w3.org/2000/svg';
const STROKES = 60; // kept on the picture
const SCORES = 20;
const live = document.getElementById('live');
const film = document.getElementById('film');
const state = document.getElementById('state');
const told = document.getElementById('told');
const scores = document.getElementById('scores');
const waiting = [];
let box = null;
let playing = false;
let moved = 0;

const element = (name, values) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  return made;
};

const frame = ([, x, y]) => {
  if (!box) box = [x, y, x, y];
  box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
  const [left, top] = [box[0] - 40, box[1] - 40];
  const width = Math.max(box[2] + 40 - left, 640);
  const height = Math.max(box[3] + 40 - top, 360);
  film.setAttribute('viewBox', `${left} ${top} ${width} ${height}`);
};

const play = async () => {
  if (playing) return;
  playing = true;
  while (waiting.length) {
    const { points } = waiting.shift();
    const way = element('polyline', { class: 'way', points: '' });
    film.append(way);
    while (film.children.length > STROKES) film.firstElementChild.remove();
    const start = performance.now();
    const drawn = [];
    for (const point of points) {
      // What has waited long is drawn at once: the picture never falls behind by more than a piece.
      const wait = waiting.length > 2 ? 0 : point[0] - (performance.now() - start);
      if (wait > 16) await new Promise((done) => setTimeout(done, Math.min(wait, 1000)));
      frame(point);
      drawn.push(`${point[1]},${point[2]}`);
      way.setAttribute('points', drawn.join(' '));
      if (point[3] === 1) film.append(element('circle', { class: 'press', cx: point[1], cy: point[2], r: 6 }));
      moved += 1;
      film.dataset.moved = moved;
    }
  }
  playing = false;
};

live.hidden = false;
const source = new EventSource(live.dataset.stream);
source.addEventListener('open', () => { state.textContent = 'waiting for movement'; });
source.addEventListener('error', () => { state.textContent = 'not connected; trying again'; });
source.addEventListener('moved', (event) => {
  state.textContent = 'live';
  waiting.push(JSON.parse(event.data));
  play();
});
source.addEventListener('missed', (event) => {
  told.textContent = `${JSON.parse(event.data).pieces} pieces were left out: this browser is slow.`;
});
source.addEventListener('scored', (event) => {
  const { lane, score } = JSON.parse(event.data);
  const item = document.createElement('li');
  item.className = score < 0 ? 'low' : 'high';
  item.textContent = `${lane} ${score.toFixed(2)}`;
  document.getElementById('noscore').hidden = true;
  scores.prepend(item);
  while (scores.children.length > SCORES) scores.lastElementChild.remove();
});
