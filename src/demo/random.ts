import { createRandom, type Random as Source } from '../engine/layers/random.js';

/**
 * The engine's seeded generator, with the distributions that the demo consortium draws from. The same seed gives the same demo on every
 * machine. Never for keys, ids of real users or privacy noise: those come from node:crypto.
 */
export class Random {
  private readonly source: Source;

  constructor(seed: number | Source) {
    this.source = typeof seed === 'number' ? createRandom(seed) : seed;
  }

  /** An independent stream that depends on this seed and the label only, not on what was drawn before. */
  fork(label: string): Random {
    return new Random(this.source.fork(label));
  }

  /** The seed of the next of a row of independent streams. */
  seed(): number {
    return this.source.uint32() * 2 ** 20 + (this.source.uint32() >>> 12);
  }

  /** The next of a row of independent streams: the n-th is the same however many are taken. */
  child(): Random {
    return new Random(this.seed());
  }

  /** Uniform in (0, 1): neither end is ever drawn, so that its logarithm is finite. */
  uniform(): number {
    return (this.source.uint32() + 0.5) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal. */
  normal(): number {
    return this.source.normal();
  }

  /** Standard Gumbel: adding one to each utility and taking the largest draws from their softmax. */
  gumbel(): number {
    return -Math.log(-Math.log(this.uniform()));
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /** Poisson, by counting exponential gaps: for means up to some tens. */
  poisson(mean: number): number {
    let count = 0;
    for (let sum = this.exponential(1); sum < mean; sum += this.exponential(1)) count++;
    return count;
  }

  /** One of the items, with probability in proportion to its weight; without weights each is as likely. */
  pick<T>(items: readonly T[], weights?: readonly number[]): T {
    if (!weights) return items[this.source.below(items.length)];
    let rest = this.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < items.length; i++) {
      rest -= weights[i];
      if (rest < 0) return items[i];
    }
    return items[items.length - 1];
  }

  /**
   * A UUID of version 8 (RFC 9562: "as you like"): it comes from a seed, so it must not pass for a random one.
   * @param order from 0 to 2²⁰ − 1: ids ascend with it, so that indexes are written in order, which PostgreSQL does much faster
   */
  uuid(order?: number): string {
    const word = () => this.source.uint32().toString(16).padStart(8, '0');
    const first = word();
    const hex =
      (order === undefined ? first : order.toString(16).padStart(5, '0') + first.slice(5)) + word() + word() + word();
    const variant = '89ab'[Number.parseInt(hex[16], 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
