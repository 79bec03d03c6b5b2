import type { Random } from '../layers/random.js';
import type { Batch } from './batch.js';

/**
 * Mixes each row of a batch with another of it (mixup, Zhang et al. 2018, for tables): inputs and targets become λ times its own and 1 − λ
 * times the other's, λ from Beta(α, α), and so do weights. In place; for risk, whose targets can be mixed.
 * @param count rows that are written
 */
export function mixRows(batch: Batch, count: number, alpha: number, random: Random): void {
  const { inputs, targets, weights } = batch;
  const width = inputs.length / batch.rows;
  const partner = random.shuffle(Int32Array.from({ length: count }, (_, row) => row));
  const before = inputs.slice(0, count * width);
  const labels = Float32Array.from(targets.subarray(0, count));
  const counts = weights.slice(0, count);
  for (let row = 0; row < count; row++) {
    const own = drawBeta(alpha, random);
    const other = partner[row];
    for (let at = row * width, from = other * width; at < (row + 1) * width; at++, from++)
      inputs[at] = own * before[at] + (1 - own) * before[from];
    const weight = own * counts[row] + (1 - own) * counts[other];
    weights[row] = weight;
    targets[row] =
      weight > 0 ? (own * counts[row] * labels[row] + (1 - own) * counts[other] * labels[other]) / weight : 0;
  }
}

/** From Beta(α, α), as a ratio of two gamma variates. */
export function drawBeta(alpha: number, random: Random): number {
  const [a, b] = [drawLogGamma(alpha, random), drawLogGamma(alpha, random)];
  // In logarithms: for a small α both may be too small to be numbers.
  return 1 / (1 + Math.exp(b - a));
}

/** Logarithm of a variate from Gamma(shape, 1): Marsaglia and Tsang (2000), with their boost below a shape of 1. */
function drawLogGamma(shape: number, random: Random): number {
  if (shape < 1) return drawLogGamma(shape + 1, random) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}
