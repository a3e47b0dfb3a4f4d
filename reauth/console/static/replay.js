// Plays a stored session: the ways of the picture appear as they were made (reauth/console/paths.py).
'use strict';

const film = document.querySelector('svg.film');
const player = document.getElementById('player');
if (film && player) {
  const place = document.getElementById('place');
  const button = document.getElementById('play');
  const clock = document.getElementById('clock');
  const speed = document.getElementById('speed');
  const pointer = film.querySelector('.pointer');
  const length = Number(film.dataset.length);
  const ways = [...film.querySelectorAll('polyline.way')].map((way) => ({
    way,
    points: way.getAttribute('points').split(' '),
    times: way.dataset.t.split(' ').map(Number),
  }));
  let now = 0;
  let before = null;

  const show = () => {
    let last = null;
    for (const { way, points, times } of ways) {
      const count = times[0] > now ? 0 : times.findLastIndex((time) => time <= now) + 1;
      way.setAttribute('points', points.slice(0, count).join(' '));
      if (count) last = points[count - 1];
    }
    if (last) {
      const [x, y] = last.split(',');
      pointer.setAttribute('cx', x);
      pointer.setAttribute('cy', y);
    }
    film.classList.toggle('playing', now > 0);
    place.value = now;
    clock.textContent = `${(now / 1000).toFixed(1)} s`;
  };

  const stop = () => {
    before = null;
    button.textContent = 'Play';
  };

  const step = (time) => {
    if (before === null) return;
    now = Math.min(length, now + (time - before) * Number(speed.value));
    before = time;
    show();
    if (now >= length) stop();
    else requestAnimationFrame(step);
  };

  button.addEventListener('click', () => {
    if (before !== null) {
      stop();
      return;
    }
    if (now >= length) now = 0;
    button.textContent = 'Pause';
    before = performance.now();
    requestAnimationFrame(step);
  });
  place.addEventListener('input', () => {
    now = Number(place.value);
    show();
  });
  player.hidden = false;
}
