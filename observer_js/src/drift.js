/**
 * Time that the page's clock has missed: most systems stop it while the machine sleeps.
 *
 * The wall clock goes on. Where it has left the page's clock behind (or was set), times of the page
 * stand for other moments than before: what follows needs a base of its own.
 */

export const DRIFT = 3000; // ms; less is the wall clock being adjusted

/** A function that gives the ms to add to the page's time, once after each drift; else undefined. */
export function createDrift(origin, now, wall) {
  let ahead = wall() - now();
  return () => {
    const current = wall() - now();
    const by = current - ahead;
    if (!(by >= DRIFT || by <= -DRIFT)) return undefined; // nor where the wall clock is no number
    ahead = current;
    return current - origin;
  };
}
