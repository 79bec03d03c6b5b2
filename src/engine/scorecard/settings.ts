import { badInput } from '../../errors.js';
import { checkNames } from '../training/settings.js';
import { SHAPES, type Shape } from './classes.js';
import { USUAL_SCALE } from './points.js';

/** Everything that decides a scorecard beside the data and the seed. */
export interface ScorecardSettings {
  /** Fine classes of a number, by quantiles. */
  readonly bins: number;
  /** Share of the users in a coarse class, at least. */
  readonly leastShare: number;
  /** χ² below which neighbouring classes are joined. */
  readonly leastChiSquare: number;
  readonly mostGroups: number;
  /** Users of the mean over everyone that each class gets: keeps the evidence of small ones finite and modest. */
  readonly smoothing: number;
  /** Strength of the penalty ½ · l2 · Σ coefficient² on the sum of log losses. */
  readonly l2: number;
  /** By column: how the event rate may run along its values. Default: auto. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  /** Points that double the odds; so many points at these odds of no event. */
  readonly pdo: number;
  readonly points: number;
  readonly odds: number;
}

const USUAL: ScorecardSettings = {
  bins: 20,
  leastShare: 0.03,
  leastChiSquare: 2.7,
  mostGroups: 8,
  smoothing: 10,
  l2: 1,
  ...USUAL_SCALE,
};

/** Settings to choose from by validation log loss: how coarse, and how much is shrunk. */
export function candidateScorecards(given: Partial<ScorecardSettings>): ScorecardSettings[] {
  checkNames('scorecard', given, [...Object.keys(USUAL), 'shapes']);
  const candidates = [0.02, 0.05].flatMap((leastShare) =>
    [0.5, 3.84].flatMap((leastChiSquare) =>
      [1, 10, 100].map((l2) => checked({ ...USUAL, leastShare, leastChiSquare, l2, ...given })),
    ),
  );
  const texts = candidates.map((settings) => JSON.stringify(settings));
  return candidates.filter((_, index) => texts.indexOf(texts[index]) === index);
}

/** From … to, whole numbers where the third is true. */
const RANGES: Readonly<Record<Exclude<keyof ScorecardSettings, 'shapes'>, readonly [number, number, boolean?]>> = {
  bins: [2, 256, true],
  leastShare: [0, 0.5],
  leastChiSquare: [0, 1000],
  mostGroups: [2, 100, true],
  smoothing: [0.1, 1e6],
  l2: [1e-6, 1e9],
  pdo: [1, 1000],
  points: [0, 1e6],
  odds: [1e-3, 1e6],
};

/** @throws {ConcordError} BAD_INPUT that names the setting */
function checked(settings: ScorecardSettings): ScorecardSettings {
  for (const [name, [least, most, whole]] of Object.entries(RANGES)) {
    const value: unknown = settings[name as keyof typeof RANGES];
    if (typeof value !== 'number' || !(value >= least && value <= most) || (whole && !Number.isInteger(value)))
      throw badInput(`${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`, { name });
  }
  const { shapes = {} } = settings;
  if (typeof shapes !== 'object' || shapes === null) throw badInput('shapes are shapes by column.', { name: 'shapes' });
  for (const [column, shape] of Object.entries(shapes))
    if (!SHAPES.includes(shape)) throw badInput(`The shape of ${column} is one of ${SHAPES.join(', ')}.`, { column });
  return settings;
}
