/**
 * A differentially private release, described so that it can be composed with others. Adjacency: add or remove one user.
 * What is charged to a budget is this value, and what the trainer runs is this value: there is no second description.
 */
export type Mechanism = SubsampledGaussian | Gaussian | Laplace | Approximate;

/** DP-SGD: each step includes every user with the sampling rate, independently (Poisson), and adds Gaussian noise to the clipped sum. */
export interface SubsampledGaussian {
  readonly mechanism: 'subsampled-gaussian';
  /** 0 < q ≤ 1. */
  readonly samplingRate: number;
  /** Standard deviation of the noise ÷ clip norm. */
  readonly noiseMultiplier: number;
  readonly steps: number;
}

/** Gaussian noise on a sum over all users, `count` times. */
export interface Gaussian {
  readonly mechanism: 'gaussian';
  readonly noiseMultiplier: number;
  readonly count: number;
}

/** Laplace noise on a sum over all users, `count` times. */
export interface Laplace {
  readonly mechanism: 'laplace';
  /** Scale of the noise ÷ L1 sensitivity. */
  readonly scale: number;
  readonly count: number;
}

/** Anything that is (ε, δ)-differentially private, once. */
export interface Approximate {
  readonly mechanism: 'approximate';
  readonly epsilon: number;
  readonly delta: number;
}

const FIELDS = {
  'subsampled-gaussian': ['samplingRate', 'noiseMultiplier', 'steps'],
  gaussian: ['noiseMultiplier', 'count'],
  laplace: ['scale', 'count'],
  approximate: ['epsilon', 'delta'],
} as const;

type Field = (typeof FIELDS)[keyof typeof FIELDS][number];

/**
 * Releases, equal ones counted: a composition does not depend on their order. Every change is another value; what there is to copy is as
 * many different mechanisms as there are, however often each was released.
 */
export class Releases {
  static readonly NONE = new Releases(new Map());

  private constructor(private readonly counts: ReadonlyMap<string, Counted>) {}

  plus(mechanisms: readonly Mechanism[]): Releases {
    return this.changed(mechanisms, 1);
  }

  /** @param mechanisms which were added before */
  minus(mechanisms: readonly Mechanism[]): Releases {
    return this.changed(mechanisms, -1);
  }

  /** One mechanism for equal releases, in an order that depends on nothing but what they are. */
  toMechanisms(): Mechanism[] {
    return [...this.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { mechanism: m, times }]): Mechanism[] => {
        if (m.mechanism === 'approximate') return Array.from({ length: times }, () => m);
        return [m.mechanism === 'subsampled-gaussian' ? { ...m, steps: times } : { ...m, count: times }];
      });
  }

  private changed(mechanisms: readonly Mechanism[], sign: 1 | -1): Releases {
    const counts = new Map(this.counts);
    for (const mechanism of mechanisms) {
      const key = keyOf(mechanism);
      const known = counts.get(key);
      const times = (known?.times ?? 0) + sign * timesOf(mechanism);
      if (times > 0) counts.set(key, { mechanism: known?.mechanism ?? mechanism, times });
      else counts.delete(key);
    }
    return new Releases(counts);
  }
}

interface Counted {
  readonly mechanism: Mechanism;
  readonly times: number;
}

/**
 * The same releases, with equal ones as one whose counts are added up, in an order of their own.
 * @returns mechanisms that compose to the same privacy loss
 */
export const combineEqual = (mechanisms: readonly Mechanism[]): Mechanism[] =>
  Releases.NONE.plus(mechanisms).toMechanisms();

function keyOf(m: Mechanism): string {
  const { mechanism } = m;
  if (mechanism === 'subsampled-gaussian') return `${mechanism} ${m.samplingRate} ${m.noiseMultiplier}`;
  if (mechanism === 'gaussian') return `${mechanism} ${m.noiseMultiplier}`;
  return mechanism === 'laplace' ? `${mechanism} ${m.scale}` : `${mechanism} ${m.epsilon} ${m.delta}`;
}

const timesOf = (m: Mechanism): number =>
  m.mechanism === 'subsampled-gaussian' ? m.steps : m.mechanism === 'approximate' ? 1 : m.count;

interface Range {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

const positive: Range = { holds: (x) => x >= 1e-3 && x <= 1e6, words: 'a number from .001 to 1,000,000' };
const times: Range = {
  holds: (x) => Number.isInteger(x) && x >= 1 && x <= 1e9,
  words: 'a whole number from 1 to 1,000,000,000',
};
const RANGES: Readonly<Record<Field, Range>> = {
  samplingRate: { holds: (x) => x > 0 && x <= 1, words: 'more than 0 and at most 1' },
  noiseMultiplier: positive,
  scale: positive,
  steps: times,
  count: times,
  epsilon: { holds: (x) => x >= 0 && x <= 1000, words: 'a number from 0 to 1,000' },
  delta: { holds: (x) => x >= 0 && x < 1, words: 'at least 0 and less than 1' },
};

/**
 * Checks mechanisms that come from outside.
 * @throws {RangeError} naming the position, the field and what it must be.
 */
export function parseMechanisms(value: unknown): Mechanism[] {
  if (!Array.isArray(value)) throw new RangeError('Mechanisms must be an array.');
  return value.map((item, index) => parseMechanism(item, `mechanism ${index + 1}`));
}

function parseMechanism(value: unknown, where: string): Mechanism {
  if (typeof value !== 'object' || value === null) throw new RangeError(`${where} must be an object.`);
  const record = value as Record<string, unknown>;
  const kind = record.mechanism as keyof typeof FIELDS;
  if (!Object.hasOwn(FIELDS, String(kind)))
    throw new RangeError(`${where}: "mechanism" must be one of ${Object.keys(FIELDS).join(', ')}.`);
  for (const field of FIELDS[kind]) {
    const given = record[field];
    if (typeof given !== 'number' || !Number.isFinite(given) || !RANGES[field].holds(given))
      throw new RangeError(`${where}: "${field}" must be ${RANGES[field].words}.`);
  }
  const unknown = Object.keys(record).find((key) => key !== 'mechanism' && !FIELDS[kind].includes(key as never));
  if (unknown) throw new RangeError(`${where}: "${unknown}" is not a field of ${kind}.`);
  return Object.fromEntries(['mechanism', ...FIELDS[kind]].map((key) => [key, record[key]])) as unknown as Mechanism;
}
