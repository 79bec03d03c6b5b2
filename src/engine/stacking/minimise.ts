import { createSmallCholesky } from '../recommenders/matrix/small-cholesky.js';

/** A convex function of a few parameters at one place. */
export interface Evaluated {
  readonly value: number;
  readonly gradient: Float64Array;
  /** Row by row; the lower triangle is read. */
  readonly hessian: Float64Array;
}

const ITERATIONS = 100;
/** Of the value: where less is to be gained, the least is found. */
const LEAST_GAIN = 1e-10;

/**
 * The least of a convex function whose first `bounded` parameters are 0 or more: Newton's method over those that are not held at 0, with steps cut
 * where one of them would become negative, and halved until the value falls. Nothing is random.
 * @param start within the bounds
 */
export function minimise(
  evaluate: (parameters: Float64Array) => Evaluated,
  start: Float64Array,
  bounded: number,
): Float64Array {
  let at = start;
  let here = evaluate(at);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const step = directionOf(here, at, bounded);
    const gain = step.reduce((sum, value, index) => sum + value * here.gradient[index], 0);
    if (!(gain > LEAST_GAIN * Math.max(1, Math.abs(here.value)))) break;
    let longest = 1;
    for (let index = 0; index < bounded; index++)
      if (step[index] > 0) longest = Math.min(longest, at[index] / step[index]);
    let next: { readonly at: Float64Array; readonly here: Evaluated } | undefined;
    for (let length = longest; length > longest * 1e-5 && !next; length /= 2) {
      // What comes to its bound comes there exactly.
      const moved = at.map((value, index) => {
        const to = value - length * step[index];
        return index < bounded && to < 1e-12 ? 0 : to;
      });
      const there = evaluate(moved);
      if (there.value < here.value) next = { at: moved, here: there };
    }
    if (!next) break;
    ({ at, here } = next);
  }
  return at;
}

/** What to subtract; 0 for parameters that stay at their bound. */
function directionOf({ gradient, hessian }: Evaluated, at: Float64Array, bounded: number): Float64Array {
  const size = at.length;
  let free = Array.from(at.keys()).filter((index) => index >= bounded || at[index] > 0 || gradient[index] < 0);
  for (;;) {
    const step = new Float64Array(size);
    if (free.length === 0) return step;
    const system = createSmallCholesky(free.length);
    free.forEach((row, i) => {
      for (let j = 0; j <= i; j++) system.matrix[i * free.length + j] = hessian[row * size + free[j]];
    });
    system.factor();
    const solved = Float64Array.from(free, (index) => gradient[index]);
    system.forward(solved);
    system.backward(solved);
    free.forEach((index, i) => {
      step[index] = solved[i];
    });
    const isBlocked = (index: number) => index < bounded && at[index] === 0 && step[index] > 0;
    if (!free.some(isBlocked)) return step;
    free = free.filter((index) => !isBlocked(index));
  }
}
