import type { NewBaseModel } from '../federation/base-models.service.js';
import type { NewRun } from '../federation/runs.service.js';
import { FEATURE_PREFIX } from '../profiles/scoring-view.js';
import type { DemoProductType } from './catalogue/listing.js';
import { LISTINGS } from './products.js';
import { EDUCATION, EMPLOYMENT, HOUSEHOLDS, HOUSING } from './users.js';

type Column = NewBaseModel['declaration']['columns'][number];

const TYPES: readonly DemoProductType[] = ['deposit', 'fund', 'bond', 'stock', 'insurance', 'loan'];

const categorical = (name: string, categories: readonly string[]): Column => ({
  kind: 'categorical',
  name,
  categories,
});
const feature = (name: string, min: number, max: number, codes: readonly number[]): Column => ({
  ...{ kind: 'numeric', name: FEATURE_PREFIX + name, min, max, codes },
});

/**
 * What is public of the demo's users, by the definitions of its generator and of profiles; nothing is taken from a user. Amounts have no
 * public range, so their cells are factors of ten. Who never looked at a type of product has a share of zero: a value of its own.
 */
export const DEMO_DECLARATION: NewBaseModel['declaration'] = {
  columns: [
    { kind: 'numeric', name: 'income' },
    { kind: 'numeric', name: 'assets' },
    categorical('employment', EMPLOYMENT),
    categorical('education', EDUCATION),
    categorical('household', HOUSEHOLDS),
    categorical('housing', HOUSING),
    ...TYPES.map((type) => feature(`interest.${type}`, 0, 1, [0])),
    feature('interestRiskClass', 1, 5, [1]),
  ],
  products: LISTINGS.map(({ code }) => code).sort(),
};

/** At most, of a numeric column. */
export const DEMO_BINS = 8;

/** What each institution may disclose of its users in a year. The run takes two thirds of it. */
export const DEMO_BUDGET = { population: 'all', epsilon: 8, delta: 1e-5, days: 365 } as const;

/** Users of an institution that the plan expects: a public round number. */
const EXPECTED_USERS = 2500;

/**
 * One round of histograms and twenty of FedSGD: ε 5.45 at δ 1e-5 for each institution. docs/demo.md says what it reaches, and why so.
 */
export const DEMO_RUN: Omit<NewRun, 'baseVersion' | 'nodes' | 'reference'> = {
  strategy: 'fedsgd',
  histogram: { noiseMultiplier: 5, bins: DEMO_BINS },
  population: DEMO_BUDGET.population,
  rounds: 21,
  quorum: 2,
  training: {
    clipping: { kind: 'flat', norm: 0.5 },
    samplingRate: 0.6,
    expectedUsers: EXPECTED_USERS,
    noiseMultiplier: 2.5,
    steps: 1,
    learningRate: 1,
    momentum: 0,
    proximal: 0,
  },
  optimiser: { kind: 'fedadam', learningRate: 0.6, beta1: 0.8, beta2: 0.99, adaptivity: 0.001 },
  weightStep: 500,
  collectMs: 120_000,
  workMs: 60_000,
  tolerance: 0.02,
};
