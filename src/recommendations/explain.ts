import type { UserRow } from '../engine/data/dataset.js';
import type { ScoringService } from '../engine/engine.js';
import type { ExplanationMethod } from '../engine/explanations/methods.js';
import { type Reason, reasonsOf } from '../models/reasons.js';
import type { Catalogue } from '../products/catalogue.js';
import type { AnswerItem } from './answer.js';

/** The largest contributions are kept one by one, the rest as one reason. */
const KEPT = 10;

/** Items with the model's contributions to their scores, where the model scored them and they are not explained yet. */
export async function explainItems(
  scoring: Pick<ScoringService, 'explainInterest'>,
  { handle, row, by }: { readonly handle: string; readonly row: UserRow; readonly by: ExplanationMethod | undefined },
  items: readonly AnswerItem[],
  catalogue: Catalogue,
): Promise<AnswerItem[]> {
  const asked = items.filter((item) => item.source === 'model' && item.contributions === undefined);
  if (asked.length === 0) return [...items];
  const codes = asked.map(({ code }) => code);
  const explanations = await scoring.explainInterest(handle, row, codes, by);
  const byCode = new Map(codes.map((code, index) => [code, explanations[index]]));
  const productName = (code: string) => catalogue.byCode.get(code)?.name;
  return items.map((item) => {
    const explanation = byCode.get(item.code);
    if (!explanation) return item;
    const contributions = reasonsOf(explanation, 'interest', { kept: KEPT, productName });
    return { ...item, base: explanation.base, contributions };
  });
}

/** All terms of an item's score, largest first. */
export function reasonsOfItem({ contributions = [], terms }: AnswerItem): Reason[] {
  return [...contributions, ...terms].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}
