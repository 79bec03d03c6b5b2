import { readableNumber } from '../../models/reasons.js';
import type { FeatureName } from '../feature-names.js';
import { MOST_STEPS } from './search.js';
import type { Step } from './steps.js';

/** A change as a sentence: "Increase net income from 900 to 1,500." */
export function changeText({ action, candidate }: Step, { en, zh }: FeatureName): { text: string; textZh: string } {
  const { from } = action;
  const to = candidate.value;
  if (typeof from === 'number' && typeof to === 'number') {
    const up = to > from;
    const [a, b] = [readableNumber(en, from), readableNumber(en, to)];
    return {
      text: `${up ? 'Increase' : 'Reduce'} ${en} from ${a} to ${b}.`,
      textZh: `将${zh}从 ${a} ${up ? '提高' : '降低'}到 ${b}。`,
    };
  }
  return { text: `Change ${en} from "${from}" to "${to}".`, textZh: `将${zh}从“${from}”改为“${to}”。` };
}

/** Why there are no alternatives; null where there are. */
export function nothingFound(met: boolean, found: number, columns: number, rows: number): string | null {
  if (met) return 'The risk is there already: nothing has to change.';
  if (found > 0) return null;
  if (columns === 0) return 'None found: nothing that the model reads of this user can be changed by them.';
  const most = Math.min(MOST_STEPS, columns);
  const size = most === 1 ? 'a change' : `a change of up to ${most} columns`;
  return `None found: ${size} of the ${columns} that the user can change did not reach it (${rows} rows were scored).`;
}
