import { RandomWords } from './noise/random-words.js';

/**
 * Poisson sampling: each of `population` users takes part with probability `rate`, independently of all others, decided by 53 bits of the
 * system's generator (the probability is rate rounded down to a 2⁻⁵³rd). Nobody may take part: that is a step as well.
 *
 * Who takes part comes in a random order, each order as likely as every other. Sums in floating point are formed block by block in that
 * order, so that one user more or less disturbs the rounding of two blocks alone (MARGIN in dp-sgd.ts).
 * @returns the users, 0 to population − 1
 */
export function poissonSample(population: number, rate: number): Int32Array {
  const random = new RandomWords();
  const scaled = rate * 2 ** 32;
  const certain = Math.floor(scaled);
  const rest = Math.floor((scaled - certain) * 2 ** 21);
  const sample = new Int32Array(population);
  let size = 0;
  for (let user = 0; user < population; user++) {
    const word = random.take();
    if (word > certain || (word === certain && random.take() >>> 11 >= rest)) continue;
    // Fisher and Yates: the new one takes a random place, and who stood there the last.
    const place = random.below(size + 1);
    sample[size++] = sample[place];
    sample[place] = user;
  }
  return sample.subarray(0, size);
}
