import { RandomWords } from './noise/random-words.js';

/**
 * Poisson sampling: each of `population` users takes part with probability `rate`, independently of all others, decided by 53 bits of the
 * system's generator (the probability is rate rounded down to a 2⁻⁵³rd). Nobody may take part: that is a step as well.
 *
 * Who takes part is dealt into groups, each user into one at random and independently. Floating-point sums are formed within a group, so
 * that one user more or less disturbs the rounding of one group alone.
 * @returns the users (0 to population − 1, ascending) of each group
 */
export function poissonGroups(population: number, rate: number, groups: number): number[][] {
  const random = new RandomWords();
  const dealt = Array.from({ length: groups }, (): number[] => []);
  const scaled = rate * 2 ** 32;
  const certain = Math.floor(scaled);
  const rest = Math.floor((scaled - certain) * 2 ** 21);
  for (let user = 0; user < population; user++) {
    const word = random.take();
    if (word > certain || (word === certain && random.take() >>> 11 >= rest)) continue;
    dealt[groups === 1 ? 0 : Math.floor((random.take() / 2 ** 32) * groups)].push(user);
  }
  return dealt;
}
