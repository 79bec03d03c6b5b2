import type { Progress } from '../engine.js';
import { treeInputs } from '../trees/inputs.js';
import type { TreeTask } from '../trees/member.js';

/** Rounds that boosting usually takes; it may take ten times as many. */
const USUAL_ROUNDS = 300;

/** About how many additions to histograms a training takes, by level of a tree. */
export function treeWork({ task, contract, encoded, train, settings }: TreeTask): number {
  const rounds = settings.model === 'gbdt' ? Math.min(settings.rounds, USUAL_ROUNDS) : settings.trees;
  const width = treeInputs(contract).width;
  if (task === 'risk') return train.length * width * rounds;
  const owned = encoded.items.length / Math.max(1, encoded.offsets.length - 1);
  const outputs = settings.model === 'gbdt' ? contract.products.length : 1;
  return train.length * owned * contract.features.length * outputs * rounds;
}

/**
 * What to call after each round: it reports a hundred times at most, for there may be thousands of rounds a second. When boosting stops is
 * unknown: the share grows towards 1 and never falls.
 */
export function treeProgress(
  { settings, seed }: TreeTask,
  report: (progress: Progress) => void,
): (fraction: number, figures: Readonly<Record<string, number>>) => void {
  let reported = -1;
  return (fraction, figures) => {
    const grown = settings.model === 'gbdt' ? 0.5 * fraction + 0.5 * (1 - 0.995 ** figures.epoch) : fraction;
    const percent = Math.floor(100 * grown);
    if (percent <= reported) return;
    reported = percent;
    report({ stage: `seed ${seed}`, fraction: Math.min(0.99, grown), figures });
  };
}
