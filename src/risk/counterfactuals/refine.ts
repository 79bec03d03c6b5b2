import { allows, roundWithin } from './actions.js';
import type { Scored, Step } from './steps.js';

/** Halvings of the way between a value that is too little and one that is enough. */
const HALVINGS = 5;

/**
 * Makes changes smaller, as far as the bound allows: leaves out what is not needed, and moves each number back towards where it was. The alternatives go
 * side by side, so that each round is one call of the scorer. What comes back has been scored as it is.
 */
export async function refined(
  states: readonly Scored[],
  scored: (combinations: readonly (readonly Step[])[]) => Promise<Scored[]>,
  below: number,
): Promise<Scored[]> {
  const current = [...states];
  const attempt = async (changes: readonly (readonly Step[] | undefined)[]): Promise<boolean[]> => {
    const places = changes.flatMap((steps, place) => (steps ? [place] : []));
    const results = await scored(places.map((place) => changes[place]!));
    const reached = changes.map(() => false);
    // Where the budget has run out there are fewer results than places.
    results.forEach((result, index) => {
      reached[places[index]] = result.probability < below;
      if (result.probability < below) current[places[index]] = result;
    });
    return reached;
  };
  const most = Math.max(0, ...states.map(({ steps }) => steps.length));
  // From the last on: what was left out makes the list shorter, and those before keep their places.
  for (let index = most - 1; index >= 0; index--) {
    await attempt(
      current.map(({ steps }) =>
        steps.length > 1 && index < steps.length ? steps.filter((_, i) => i !== index) : undefined,
      ),
    );
    const too = current.map(({ steps }) => steps[index]?.action.from);
    for (let halving = 0; halving < HALVINGS; halving++) {
      const changes = current.map(({ steps }, place) => nearer(steps, index, too[place]));
      const reached = await attempt(changes);
      changes.forEach((steps, place) => {
        if (steps && !reached[place]) too[place] = steps[index].candidate.value;
      });
    }
  }
  return current;
}

/** The steps with that one half as far from a value that is too little; undefined where it is no number, or there is nothing between. */
function nearer(steps: readonly Step[], index: number, too: number | string | undefined): readonly Step[] | undefined {
  const step = steps[index];
  if (step?.action.scale === undefined || typeof too !== 'number') return undefined;
  const { action, candidate } = step;
  const [from, to] = [Number(action.from), Number(candidate.value)];
  const value = roundWithin((too + to) / 2, action.whole === true, Math.min(too, to), Math.max(too, to));
  if (value === too || value === to || !allows(action.direction, from, value)) return undefined;
  const distance = Math.abs(value - from) / action.scale!;
  return steps.map((each, i) => (i === index ? { action, candidate: { value, distance } } : each));
}
