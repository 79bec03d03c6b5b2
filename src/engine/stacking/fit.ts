import type { Dataset } from '../data/dataset.js';
import type { FittedModel, KindRequest, ScoredRows, Workshop } from '../models/kind.js';
import { fitHoldingOut, type HeldOutFit, partOf } from '../training/held-out.js';
import { combine, type MemberScores, meanLossOf } from './combine.js';
import { joinContracts, joinEncoded } from './contract.js';
import { stackSettings } from './settings.js';
import { scoreOf } from './stack.js';

/**
 * Fits the members one after the other, and how to add them up to what they say of users that they have not learnt from: validation users, or all
 * users out of fold.
 * @throws {ConcordError} as fitModel
 */
export async function fitStack(request: KindRequest, workshop: Workshop): Promise<FittedModel> {
  const { dataset, task, train, part } = request;
  const settings = stackSettings(task, dataset, request.settings ?? {});
  const names = settings.members;
  const fits: HeldOutFit[] = [];
  for (const [place, model] of names.entries()) {
    workshop.checkpoint();
    const own = { ...partOf(part, place, names.length), stage: `${part.stage}: ${model}` };
    fits.push(
      await fitHoldingOut({ ...request, model, settings: settings.memberSettings?.[model], part: own }, workshop),
    );
  }
  const scores = memberScores(request, fits);
  const { weights, intercept, shrinkage, loss } = combine(scores, workshop.checkpoint);
  const alone = names.map((_, member) =>
    meanLossOf(
      scores,
      names.map((_, other) => (other === member ? 1 : 0)),
    ),
  );
  return {
    contract: joinContracts(fits.map(({ fitted }) => fitted.contract)),
    encoded: joinEncoded(fits.map(({ fitted }) => fitted.encoded)),
    weights: {
      kind: 'stack',
      intercept,
      members: fits.map(({ fitted }, member) => ({
        model: names[member],
        contract: fitted.contract,
        weights: fitted.weights,
        weight: weights[member],
      })),
    },
    training: {
      settings,
      shrinkage,
      weights: byName(names, (member) => weights[member]),
      ...(task === 'risk' && { intercept }),
      combinedOn: scores.rows,
      combinedLoss: loss,
      losses: byName(names, (member) => alone[member]),
      members: byName(names, (member) => fits[member].fitted.training),
      trainingUsers: train.length,
    },
  };
}

const byName = <T>(names: readonly string[], of: (member: number) => T): Record<string, T> =>
  Object.fromEntries(names.map((name, member) => [name, of(member)]));

function memberScores({ dataset, task }: KindRequest, fits: readonly HeldOutFit[]): MemberScores {
  const { rows } = fits[0];
  const count = rows.users.length;
  const outputs = count > 0 ? fits[0].probabilities.length / count : 1;
  const open = task === 'interest' ? openProducts(dataset, rows, outputs) : undefined;
  return {
    task,
    rows: count,
    outputs,
    open,
    targets: task === 'interest' ? rows.hidden : Array.from(rows.users, (user) => dataset.label?.[user] ?? 0),
    scores: fits.map(({ probabilities }) =>
      probabilities.map((probability, place) => scoreOf(probability, open?.[place] === 1)),
    ),
  };
}

function openProducts({ ownership }: Dataset, { users, hidden }: ScoredRows, outputs: number): Uint8Array {
  const open = new Uint8Array(users.length * outputs).fill(1);
  users.forEach((user, row) => {
    if (!ownership) return;
    for (let item = ownership.offsets[user]; item < ownership.offsets[user + 1]; item++) {
      const product = ownership.items[item];
      if (product !== hidden[row]) open[row * outputs + product] = 0;
    }
  });
  return open;
}
