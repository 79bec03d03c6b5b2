import type { Explanation } from '../engine.js';
import type { Player } from './players.js';

/** Of a score that no feature has a part in. */
export const constantExplanation = (score: number): Explanation => ({ base: score, score, contributions: [] });

/** @param values base, and a contribution for each player */
export function explanationOf(
  { base, contributions }: { readonly base: number; readonly contributions: readonly number[] },
  players: readonly Pick<Player, 'feature' | 'value'>[],
): Explanation {
  return {
    base,
    score: contributions.reduce((sum, contribution) => sum + contribution, base),
    contributions: players
      .map(({ feature, value }, player) => ({ feature, value, contribution: contributions[player] }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  };
}
