// Reads a list from a file into the form, and looks again while lines of a list wait.
// Without it the form takes what is typed, and the page is loaded again by hand.
'use strict';

for (const input of document.querySelectorAll('input[data-into]')) {
  input.closest('[hidden]').hidden = false;
  input.addEventListener('change', async () => {
    if (input.files.length) {
      document.getElementById(input.dataset.into).value = await input.files[0].text();
    }
  });
}

const again = async () => {
  const shown = document.querySelector('[data-again]');
  if (!shown) return;
  await new Promise((done) => setTimeout(done, Number(shown.dataset.again)));
  const answer = await fetch(location.href);
  if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    shown.replaceWith(page.getElementById(shown.id));
  }
  again();
};
again();
