import type { UserRow } from '../data/dataset.js';
import { productIndex } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import { logOdds } from '../explanations/shapley.js';
import type { Predictor } from '../models/kind.js';
import type { StackWeights } from '../models/weights.js';
import { gaussLegendre } from '../trees/quadrature.js';
import type { OpenStack } from './open.js';

const { exp, log, log1p } = Math;

/** The weighted sum of the members' explanations: the log-odds are that of theirs. */
export async function explainStackedRisk(
  { opened }: Predictor,
  { members, intercept }: StackWeights,
  row: UserRow,
): Promise<Explanation> {
  const parts = await Promise.all((opened as OpenStack).members.map((member) => member.explainRisk(row)));
  const weights = members.map(({ weight }) => weight);
  return added(
    parts,
    weights,
    weights.reduce((sum, weight, member) => sum + weight * parts[member].base, intercept),
  );
}

/**
 * The log-odds of a product's share are no sum of the members' log-odds. Those are led from base to score along a straight line, all of them
 * together, and each feature is given what its part of the way adds to the stack's log-odds (Aumann and Shapley 1974): contributions sum to the
 * score, and nothing is sampled beyond what a member samples.
 */
export async function explainStackedInterest(
  { opened, contract }: Predictor,
  { members }: StackWeights,
  row: UserRow,
  products: readonly string[],
): Promise<Explanation[]> {
  const asked = products.map((code) => productIndex(contract).get(code) ?? -1);
  const used = members.map(({ weight }) => weight);
  // A product's share depends on what all others have. (An unknown one is refused by the members.)
  const all = [...contract.products, ...products.filter((_, place) => asked[place] < 0)];
  const parts: Explanation[][] = [];
  for (const member of (opened as OpenStack).members) parts.push(await member.explainInterest(row, all));
  const owned = new Set(row.owned);
  const isOpen = contract.products.map((code) => !owned.has(code));
  return asked.map((product) => explainProduct(parts, used, isOpen, product));
}

const POINTS = 32;

function explainProduct(
  parts: readonly (readonly Explanation[])[],
  weights: readonly number[],
  isOpen: readonly boolean[],
  product: number,
): Explanation {
  const others = [...isOpen.keys()].filter((other) => isOpen[other] && other !== product);
  const own = parts.map((explanations) => explanations[product]);
  // The only candidate is certain, whoever the user is.
  if (others.length === 0)
    return added(
      own,
      weights.map(() => 0),
      logOdds(1),
    );
  /** Σ weight · score of a product at a share of the way. */
  const sumAt = (place: number, way: number): number => {
    let sum = 0;
    for (let member = 0; member < weights.length; member++) {
      const { base, score } = parts[member][place];
      const odds = base + way * (score - base);
      sum += weights[member] * (isOpen[place] ? logProbability(odds) : odds);
    }
    return sum;
  };
  const { at, weights: lengths } = gaussLegendre(POINTS);
  // How much the stack's log-odds rise with the log-odds that a member gives a product, by member and product.
  const slopes = weights.map(() => new Float64Array(isOpen.length));
  at.forEach((way, point) => {
    const sums = others.map((other) => sumAt(other, way));
    const total = logSumExp(sums);
    const addSlope = (place: number, share: number) => {
      weights.forEach((weight, member) => {
        const { base, score } = parts[member][place];
        const odds = base + way * (score - base);
        const bend = isOpen[place] ? 1 / (1 + exp(odds)) : 1;
        slopes[member][place] += lengths[point] * share * weight * bend;
      });
    };
    addSlope(product, 1);
    others.forEach((other, place) => {
      addSlope(other, -exp(sums[place] - total));
    });
  });
  const places = [product, ...others];
  return added(
    parts.flatMap((explanations) => places.map((place) => explanations[place])),
    slopes.flatMap((slope) => places.map((place) => slope[place])),
    sumAt(product, 0) - logSumExp(others.map((other) => sumAt(other, 0))),
  );
}

/** Σ factor · contributions, by feature. */
function added(parts: readonly Explanation[], factors: readonly number[], base: number): Explanation {
  const byFeature = new Map<string, { feature: string; value: number | string | null; contribution: number }>();
  parts.forEach(({ contributions }, place) => {
    for (const { feature, value, contribution } of contributions) {
      const known = byFeature.get(feature);
      if (known) known.contribution += factors[place] * contribution;
      else byFeature.set(feature, { feature, value, contribution: factors[place] * contribution });
    }
  });
  const contributions = [...byFeature.values()].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return { base, score: contributions.reduce((sum, { contribution }) => sum + contribution, base), contributions };
}

/** Of the log-odds. */
const logProbability = (odds: number): number => (odds > 0 ? -log1p(exp(-odds)) : odds - log1p(exp(odds)));

function logSumExp(values: readonly number[]): number {
  const highest = Math.max(...values);
  return highest + log(values.reduce((sum, value) => sum + exp(value - highest), 0));
}
