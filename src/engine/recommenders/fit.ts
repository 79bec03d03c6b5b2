import {
  type Calibrated,
  type Combine,
  calibrate,
  combine,
  type HiddenProducts,
  plainLoss,
  scoreValidation,
  type Validation,
  validationOf,
} from './calibrate.js';
import { MOST_DENSE_PRODUCTS } from './limits.js';
import { type CoCounts, countTogether } from './matrix/co-counts.js';
import { fitMember, isCounted, openMember, type TrainingData } from './members.js';
import type { Member, MemberPlan, MemberSettings, RecommenderModel } from './model.js';
import type { Checkpoint, MemberName, RecommenderName } from './recommender.js';
import { candidatesOf, checkedPlan, WIDE } from './settings.js';

export interface FitRequest extends Omit<TrainingData, 'counts' | 'lossOf'> {
  readonly name: RecommenderName;
  readonly validation: HiddenProducts;
  /** Settings by member; for those that are given nothing is chosen. */
  readonly settings?: { readonly [Name in MemberName]?: Partial<MemberSettings[Name]> };
  /** Of a hybrid; default: all that the data allow. */
  readonly members?: readonly MemberName[];
  /** Of a hybrid: scores of other models for the validation users (of validationOf, × products), to be added up with the members'. */
  readonly beside?: readonly Float64Array[];
  /** How members' logits, and the scores beside them, are added up; default: fitCombination. */
  readonly combine?: Combine;
}

export interface Trial {
  readonly plan: MemberPlan;
  /** Mean of −log probability of the hidden products of the validation users. */
  readonly validationLoss: number;
}

export interface FittedRecommender {
  readonly model: RecommenderModel;
  /** Of the scores beside. */
  readonly besideWeights: readonly number[];
  /** In the order in which they were made. */
  readonly trials: readonly Trial[];
  readonly validationLoss: number;
}

export interface FitContext {
  /** Throws once the caller has given up. */
  checkpoint(): void;
  onProgress(stage: string, fraction: number): void;
}

/**
 * Fits a recommender: each of its members with the settings that do best on the validation users, and on the same users how their
 * scores add up to probabilities. Members learn from the training users alone. The same request gives the same model.
 * @throws {ConcordError} BAD_INPUT where the data don't allow it; what the checkpoint throws
 */
export async function fitRecommender(request: FitRequest, context: FitContext): Promise<FittedRecommender> {
  const { name, owned, beside = [] } = request;
  const names = name === 'hybrid' ? (request.members ?? membersFor(request)) : [name];
  const validation = validationOf(request.validation);
  let counted: CoCounts | undefined;
  const data: TrainingData = {
    ...request,
    counts(checkpoint) {
      counted ??= countTogether(owned, () => checkpoint(0));
      return counted;
    },
    lossOf: (scorer) => plainLoss(scorer, validation),
  };
  const chosen: Chosen[] = [];
  for (const [place, member] of names.entries()) {
    const given = request.settings?.[member];
    const plans = given ? [checkedPlan(member, given, owned.columns)] : candidatesOf(member, owned.columns);
    const checkpoint: Checkpoint = (done) => {
      context.checkpoint();
      context.onProgress(`training ${member}`, (place + done) / names.length);
    };
    chosen.push(await chooseMember(plans, data, validation, checkpoint));
  }
  const logits = chosen.map(({ scores, factor }) => scores.map((score) => factor * score));
  const { weights, loss } = (request.combine ?? combine)([...logits, ...beside], validation.frame);
  const owners = new Float64Array(owned.columns);
  for (const product of owned.items) owners[product]++;
  return {
    model: {
      name,
      products: owned.columns,
      users: owned.rows,
      owners,
      ...(names.some(isCounted) && { counts: data.counts(context.checkpoint) }),
      members: chosen.map(({ member, bend, factor }, place) => ({
        member,
        bend,
        // One recommender alone keeps its order, however little it says.
        weight:
          names.length === 1 && beside.length === 0
            ? Math.max(weights[place] * factor, LEAST_WEIGHT)
            : weights[place] * factor,
      })),
    },
    besideWeights: weights.slice(chosen.length),
    trials: chosen.flatMap(({ trials }) => trials),
    validationLoss: loss,
  };
}

const LEAST_WEIGHT = 1e-6;

function membersFor({ owned, content, backend }: FitRequest): MemberName[] {
  const { columns: products } = owned;
  return [
    ...(['popularity', 'item-knn', 'user-knn'] as const),
    ...(products <= MOST_DENSE_PRODUCTS ? (['ease'] as const) : []),
    // Of a wide catalogue each product says a little, and not independently: naive Bayes is then sure of anything.
    ...(products <= WIDE ? (['naive-bayes'] as const) : []),
    'als',
    ...(backend && products <= WIDE ? (['vae'] as const) : []),
    ...(content ? (['content'] as const) : []),
  ];
}

interface Chosen extends Calibrated {
  readonly member: Member;
  readonly trials: readonly Trial[];
}

/** The member that gives the hidden products of the validation users the highest probability. */
async function chooseMember(
  plans: readonly MemberPlan[],
  data: TrainingData,
  validation: Validation,
  checkpoint: Checkpoint,
): Promise<Chosen> {
  const parts = plans.length + (plans.length > 1 ? 1 : 0);
  const attempt = async (plan: MemberPlan, part: number) => {
    checkpoint(part / parts);
    const member = await fitMember(plan, data, (done) => checkpoint((part + done) / parts));
    return { member, ...calibrate(scoreValidation(openMember(member), validation), validation) };
  };
  if (plans.length === 1) {
    const only = await attempt(plans[0], 0);
    return { ...only, trials: [{ plan: plans[0], validationLoss: only.loss }] };
  }
  let best: (Calibrated & { member: Member; place: number }) | undefined;
  const trials: Trial[] = [];
  for (const [place, plan] of plans.entries()) {
    const tried = await attempt(shortened(plan), place);
    if (!best || tried.loss < best.loss) best = { ...tried, place };
    trials.push({ plan, validationLoss: tried.loss });
  }
  const winner = best as NonNullable<typeof best>;
  const plan = plans[winner.place];
  return { ...(shortened(plan) === plan ? winner : await attempt(plan, plans.length)), trials };
}

/** Iterations that settings of ALS are tried with. */
const TRIAL_ITERATIONS = 5;

const shortened = (plan: MemberPlan): MemberPlan =>
  plan.name === 'als' && plan.settings.iterations > TRIAL_ITERATIONS
    ? { ...plan, settings: { ...plan.settings, iterations: TRIAL_ITERATIONS } }
    : plan;
