import type { FittedModel, KindRequest, ScoredRows, Workshop } from '../models/kind.js';
import { type Fold, foldsOf } from './folds.js';
import type { PartOfWork } from './part-of-work.js';

/** A model, and what it (or others like it) says of users that it has not learnt from. */
export interface HeldOutFit {
  readonly fitted: FittedModel;
  readonly rows: ScoredRows;
  /** (rows × outputs) */
  readonly probabilities: Float32Array;
}

/** Probabilities at most: of more users only some are scored. */
const MOST_PROBABILITIES = 4_000_000;
/** Members of the models that only score their fold. */
const MOST_MEMBERS = 3;

/**
 * Fits a model and scores users that it has not learnt from: its validation users; of a small set without any all users, out of fold, each
 * by a model with the chosen settings that has not seen its fold. All models that are asked for the same data and seed score the same rows.
 * @throws {ConcordError} as fitModel
 */
export async function fitHoldingOut(request: KindRequest, workshop: Workshop): Promise<HeldOutFit> {
  const { dataset, task, part } = request;
  const outputs = task === 'interest' ? (dataset.ownership?.products.length ?? 0) : 1;
  const folds = foldsOf(request);
  const asides = folds.map(({ validation }) => scoredRows(task === 'interest', validation, outputs * folds.length));
  if (folds.length === 1) {
    const [{ train, validation }] = folds;
    const fitted = await workshop.fit({ ...request, train, validation: validation.users });
    return { fitted, rows: asides[0], probabilities: await score(request, fitted, asides[0], workshop) };
  }
  const end = part.from + (part.to - part.from) / 2;
  const fitted = await workshop.fit({ ...request, part: { ...part, to: end } });
  const settings = settingsOf(request, fitted);
  const scored: Float32Array[] = [];
  for (const [place, { train, validation }] of folds.entries()) {
    const own = partOf({ stage: part.stage, from: end, to: part.to }, place, folds.length);
    const fold = await workshop.fit({ ...request, settings, train, validation: validation.users, part: own });
    scored.push(await score(request, fold, asides[place], workshop));
  }
  return {
    fitted,
    rows: { users: joined(asides.map(({ users }) => users)), hidden: joined(asides.map(({ hidden }) => hidden)) },
    probabilities: joinedFloats(scored),
  };
}

/** What was chosen is not chosen again, and of many members a few will do. */
function settingsOf({ settings: given }: KindRequest, { training }: FittedModel): KindRequest['settings'] {
  const chosen = training.settings as KindRequest['settings'] & { readonly members?: unknown };
  return typeof chosen?.members === 'number'
    ? { ...chosen, members: Math.min(chosen.members, MOST_MEMBERS) }
    : (chosen ?? given);
}

function scoredRows(interest: boolean, { users, hidden }: Fold['validation'], width: number): ScoredRows {
  const usable = Int32Array.from(users.keys()).filter((place) => !interest || hidden[place] >= 0);
  const stride = Math.ceil((usable.length * width) / MOST_PROBABILITIES) || 1;
  const places = usable.filter((_, place) => place % stride === 0);
  return { users: places.map((place) => users[place]), hidden: places.map((place) => hidden[place]) };
}

async function score(
  { task }: KindRequest,
  fitted: FittedModel,
  rows: ScoredRows,
  { open }: Workshop,
): Promise<Float32Array> {
  const predictor = open(task, fitted);
  try {
    const all = new Float32Array(rows.users.length * predictor.outputs);
    await predictor.predict(fitted.encoded, rows, (start, _count, probabilities) => {
      all.set(probabilities, start * predictor.outputs);
    });
    return all;
  } finally {
    await predictor.dispose();
  }
}

/** One of several parts of a work that take about as long. */
export const partOf = ({ stage, from, to }: PartOfWork, place: number, parts: number): PartOfWork => ({
  stage,
  from: from + ((to - from) * place) / parts,
  to: from + ((to - from) * (place + 1)) / parts,
});

const joined = (parts: readonly Int32Array[]): Int32Array => Int32Array.from(parts.flatMap((part) => [...part]));

function joinedFloats(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const part of parts) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}
