const { exp, log } = Math;

/** Probabilities are kept finite as log-odds where float32 has rounded them to 0 or 1, as explanations do. */
const inside = (probability: number): number => Math.min(1 - 1e-7, Math.max(1e-12, probability));

/**
 * A member's probability as what a stack adds up: log-odds; of a product that may be the answer the logarithm. Either way products of one row
 * differ by what their logits differ by.
 */
export function scoreOf(probability: number, isOpenProduct: boolean): number {
  const p = inside(probability);
  return isOpenProduct ? log(p) : log(p / (1 - p));
}

/**
 * Probabilities of one row from what was added up: those of the open products sum to 1; an owned one's is that which it would have as one more
 * candidate.
 * @param sums of each product
 */
export function shareOut(
  sums: Float64Array,
  open: (product: number) => boolean,
  target: Float32Array,
  at: number,
): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let product = 0; product < sums.length; product++)
    if (open(product) && sums[product] > highest) highest = sums[product];
  let total = 0;
  for (let product = 0; product < sums.length; product++) if (open(product)) total += exp(sums[product] - highest);
  const all = highest + log(total);
  for (let product = 0; product < sums.length; product++) {
    const relative = sums[product] - all;
    target[at + product] = open(product) ? exp(relative) : 1 / (1 + exp(-relative));
  }
}
