/**
 * Exact Shapley values (Shapley 1953; as contributions to a prediction: Lundberg and Lee 2017) of a function of a few inputs:
 * what each input adds on the way from the reference to the actual values, averaged over all orders in which they may change.
 * Their sum is f(actual) − f(reference).
 * @param f a pure function; it is called 2^n times, so n should stay below 10
 */
export function shapley(
  f: (inputs: readonly number[]) => number,
  reference: readonly number[],
  actual: readonly number[],
): number[] {
  const n = actual.length;
  const values = Array.from({ length: 2 ** n }, (_, subset) =>
    f(actual.map((value, i) => (subset & (1 << i) ? value : reference[i]))),
  );
  const weights = subsetWeights(n);
  return actual.map((_, i) => {
    let sum = 0;
    for (let subset = 0; subset < values.length; subset++)
      if (!(subset & (1 << i))) sum += weights[bits(subset)] * (values[subset | (1 << i)] - values[subset]);
    return sum;
  });
}

/** |S|! (n − |S| − 1)! / n! for |S| = 0 … n − 1. */
function subsetWeights(n: number): number[] {
  const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));
  return Array.from({ length: n }, (_, size) => (factorial(size) * factorial(n - size - 1)) / factorial(n));
}

function bits(subset: number): number {
  let count = 0;
  for (let rest = subset; rest; rest &= rest - 1) count++;
  return count;
}
