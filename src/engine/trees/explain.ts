import { badInput } from '../../errors.js';
import type { UserRow } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import { encodeRows, productIndex } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import { type Player, playersOf } from '../explanations/players.js';
import type { TreeEnsemble } from './ensemble.js';
import { treeInputs } from './inputs.js';
import { TreeShap } from './shap.js';
import { integralOfShares } from './shares.js';

/** A stored ensemble made ready to explain. */
export interface TreeExplainer {
  /** Why the risk of a user is what it is, in log-odds. Boosted trees: exactly their Shapley values. */
  explainRisk(row: UserRow): Explanation;
  /** @throws {ConcordError} BAD_INPUT for a product that the model does not know. */
  explainInterest(row: UserRow, products: readonly string[]): Explanation[];
}

/** Raw scores in their parts: of the average training row, of this one, and what each player adds (exact Shapley values). */
interface Parts {
  readonly base: Float64Array;
  readonly raw: Float64Array;
  /** By output, then by player. */
  readonly added: readonly Float64Array[];
}

/**
 * Explanations from exact Shapley values of the raw scores. Where the log-odds are a function of them (a softmax over products, a mean of
 * probabilities), the raw scores are led from base to score along a straight line, and each player is given what its part of the way adds to the
 * log-odds (Aumann and Shapley 1974): contributions still sum to the score, and nothing is sampled.
 */
export function createTreeExplainer(contract: FeatureContract, ensemble: TreeEnsemble): TreeExplainer {
  const inputs = treeInputs(contract);
  const shap = new TreeShap(ensemble);
  const split = (row: UserRow) => {
    const encoded = encodeRows(contract, [row]);
    const values = new Float32Array(inputs.width);
    inputs.write(encoded, 0, -1, values, 0);
    const players = playersOf(contract, inputs, row, encoded.items);
    const { base, contributions } = shap.explain(values);
    const added = Array.from(base, (_, output) =>
      Float64Array.from(players, (player) =>
        player.inputs.reduce((sum, input) => sum + contributions[output * inputs.width + input], 0),
      ),
    );
    const raw = base.map((start, output) => added[output].reduce((sum, part) => sum + part, start));
    return { players, owned: encoded.items, parts: { base, raw, added } };
  };
  return {
    explainRisk(row) {
      const { players, parts } = split(row);
      const { base, raw, added } = parts;
      if (ensemble.link === 'logistic') return explanation(players, base[0], added[0]);
      const before = inside(base[0]);
      const after = inside(raw[0]);
      const slope = slopeOf(logit, before, after, 1 / (before * (1 - before)));
      return explanation(players, logit(before), added[0], slope);
    },
    explainInterest(row, products) {
      const index = productIndex(contract);
      const asked = products.map((code) => {
        const output = index.get(code);
        if (output === undefined) throw badInput(`The model does not know the product ${code}.`, { product: code });
        return output;
      });
      if (asked.length === 0) return [];
      const { players, owned, parts } = split(row);
      const isOpen = new Uint8Array(contract.products.length).fill(1);
      for (const product of owned) isOpen[product] = 0;
      return asked.map((product) => explainProduct(ensemble, players, parts, product, isOpen));
    },
  };
}

function explainProduct(
  { link }: TreeEnsemble,
  players: readonly Player[],
  { base, raw, added }: Parts,
  product: number,
  isOpen: Uint8Array,
): Explanation {
  const others = Array.from(isOpen.keys()).filter((other) => isOpen[other] === 1 && other !== product);
  // The only candidate is certain, whoever the user is.
  if (others.length === 0) return explanation(players, logit(inside(1)), added[product], 0);
  const rest = others.map((other) => added[other]);
  const before = Float64Array.from(others, (other) => base[other]);
  const after = Float64Array.from(others, (other) => raw[other]);
  if (link === 'softmax') {
    const { shares, start } = integralOfShares(before, after);
    return explanation(players, base[product] - start, added[product], 1, rest, shares);
  }
  // Means of probabilities: log-odds = log p − log of the others' sum, both of which are straight along the way.
  const [p0, p1] = [positive(base[product]), positive(raw[product])];
  const [s0, s1] = [positive(sum(before)), positive(sum(after))];
  const slope = slopeOf(Math.log, p0, p1, 1 / p0);
  const restSlope = slopeOf(Math.log, s0, s1, 1 / s0);
  return explanation(
    players,
    Math.log(p0) - Math.log(s0),
    added[product],
    slope,
    rest,
    rest.map(() => restSlope),
  );
}

/** slope · own − Σ share · rest, for each player. */
function explanation(
  players: readonly Player[],
  base: number,
  own: Float64Array,
  slope = 1,
  rest: readonly Float64Array[] = [],
  shares: ArrayLike<number> = [],
): Explanation {
  const contributions = players.map(({ feature, value }, player) => ({
    feature,
    value,
    contribution: rest.reduce((sum, parts, other) => sum - shares[other] * parts[player], slope * own[player]),
  }));
  return {
    base,
    score: contributions.reduce((sum, { contribution }) => sum + contribution, base),
    contributions: contributions.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const positive = (value: number): number => Math.max(1e-12, value);
const inside = (probability: number): number => Math.min(1 - 1e-7, Math.max(1e-12, probability));
const logit = (probability: number): number => Math.log(probability / (1 - probability));

/** How much a function rises between two points for each unit of the way. @param at its derivative there, where the points are one */
function slopeOf(of: (value: number) => number, from: number, to: number, at: number): number {
  return Math.abs(to - from) < 1e-9 * Math.abs(from) ? at : (of(to) - of(from)) / (to - from);
}
