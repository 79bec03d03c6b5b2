import { badInput } from '../../errors.js';
import type { MemberPlan, MemberSettings } from './model.js';
import { SIMILARITIES } from './neighbours/similarity.js';
import type { MemberName } from './recommender.js';

type Candidates = { readonly [Name in MemberName]: (products: number) => readonly MemberSettings[Name][] };

/** Catalogues so wide that a fit takes seconds: fewer settings are tried. */
export const WIDE = 1000;

const CANDIDATES: Candidates = {
  popularity: () => [{}],
  content: () => [{}],
  'item-knn': (products) => {
    const neighbours = products > 100 ? 200 : 100;
    const cosine = products > WIDE ? [0, 100] : [0, 30, 300, 1000];
    return [
      ...cosine.map((shrinkage) => ({ similarity: 'cosine' as const, shrinkage, neighbours })),
      { similarity: 'pearson' as const, shrinkage: 30, neighbours },
    ];
  },
  'user-knn': (products) =>
    SIMILARITIES.flatMap((similarity) =>
      (products > WIDE ? [100, 300] : [10, 30, 100, 300]).map((neighbours) => ({
        similarity,
        shrinkage: 2,
        neighbours,
      })),
    ),
  ease: (products) =>
    (products > WIDE ? [100, 500, 2000] : [3, 10, 30, 100, 300, 1000]).map((regularisation) => ({ regularisation })),
  'naive-bayes': () => [1, 10, 100].map((smoothing) => ({ smoothing })),
  vae: (products) =>
    (products > WIDE ? WIDE_VAE : VAE).map(([dropout, beta]) => ({
      hidden: products > WIDE ? 256 : 64,
      latent: products > WIDE ? 64 : 16,
      dropout,
      beta,
      learningRate: 0.002,
      epochs: products > WIDE ? 25 : 100,
    })),
  als(products) {
    const factors = products > WIDE ? 64 : products > 100 ? 32 : 16;
    return (products > WIDE ? WIDE_ALS : ALS).map(([confidence, regularisation]) => ({
      factors,
      regularisation,
      confidence,
      iterations: 15,
    }));
  },
};

/** Confidence and regularisation. */
const ALS = [
  [1, 10],
  [5, 10],
  [5, 100],
  [20, 100],
  [20, 300],
] as const;
const WIDE_ALS = [
  [5, 10],
  [5, 50],
  [20, 50],
] as const;

/** Dropout and β. */
const VAE = [
  [0.1, 0.001],
  [0.1, 0.005],
  [0.3, 0.02],
] as const;
const WIDE_VAE = [[0.5, 0.002]] as const;

/** What is tried on validation users. */
export const candidatesOf = (name: MemberName, products: number): readonly MemberPlan[] =>
  CANDIDATES[name](products).map((settings) => ({ name, settings }) as MemberPlan);

const RANGES: Readonly<Record<string, { readonly least: number; readonly most: number; readonly whole?: boolean }>> = {
  shrinkage: { least: 0, most: 1e9 },
  neighbours: { least: 1, most: 100_000, whole: true },
  regularisation: { least: 1e-6, most: 1e9 },
  smoothing: { least: 1e-6, most: 1e9 },
  confidence: { least: 1e-6, most: 1e6 },
  hidden: { least: 1, most: 4096, whole: true },
  latent: { least: 1, most: 1024, whole: true },
  dropout: { least: 0, most: 0.95 },
  beta: { least: 0, most: 100 },
  learningRate: { least: 1e-9, most: 10 },
  epochs: { least: 1, most: 10_000, whole: true },
  factors: { least: 1, most: 512, whole: true },
  iterations: { least: 1, most: 1000, whole: true },
};

/**
 * Settings from a caller or a file.
 * @param given those of the first candidate stand in for what is missing
 * @throws {ConcordError} BAD_INPUT that names the setting
 */
export function checkedPlan(name: MemberName, given: object, products: number): MemberPlan {
  const usual = CANDIDATES[name](products)[0];
  for (const [setting, value] of Object.entries(given)) {
    if (!(setting in usual)) throw badInput(`${name} has no setting ${setting}.`);
    if (setting === 'similarity') {
      if (!SIMILARITIES.some((known) => known === value))
        throw badInput(`The similarity of ${name} is ${SIMILARITIES.join(' or ')}.`);
      continue;
    }
    const { least, most, whole = false } = RANGES[setting];
    if (typeof value !== 'number' || !(value >= least && value <= most) || (whole && !Number.isInteger(value)))
      throw badInput(`${setting} of ${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
  }
  return { name, settings: { ...usual, ...given } } as MemberPlan;
}
