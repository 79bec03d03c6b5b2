/** Mean losses after a step: an epoch of a network, some rounds of boosting. */
export interface CurvePoint {
  readonly step: number;
  /** On the rows that are trained on; of networks with dropout, while it drops. */
  readonly loss: number;
  readonly validationLoss: number;
}

/** How a training went; stored as TrainedModel.training.curves. */
export interface LearningCurve {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

/** Points of a curve that are stored: more than a plot can show would only take room. */
const MOST_POINTS = 200;
/** A validation loss that is so much above the training loss is worth a word. */
export const GAP = 0.2;

/** As many points as are worth storing, the first, the best and the last among them. */
export function thinned(points: readonly CurvePoint[]): CurvePoint[] {
  const stride = Math.ceil(points.length / MOST_POINTS);
  const best = bestOf(points);
  return points.filter((point, index) => index % stride === 0 || point === best || index === points.length - 1);
}

/**
 * Says where a model knows the users that it was trained on better than others: its validation loss is more than a fifth above its training
 * loss at the best step.
 * @returns undefined where it is not so
 */
export function overfittingOf(model: string, curves: readonly LearningCurve[]): string | undefined {
  const bests = curves.flatMap(({ points }) => bestOf(points) ?? []);
  if (bests.length === 0) return undefined;
  const mean = (name: 'loss' | 'validationLoss') => bests.reduce((sum, point) => sum + point[name], 0) / bests.length;
  const [loss, validationLoss] = [mean('loss'), mean('validationLoss')];
  if (!(validationLoss > (1 + GAP) * loss)) return undefined;
  return `${model} knows the users that it was trained on better than others: log loss ${loss.toFixed(3)} on them, ${validationLoss.toFixed(3)} on validation users at its best step. More users, stronger regularisation or a simpler model would help.`;
}

/** What training had to say of itself, as it is stored (TrainedModel.training). */
export const warningsOf = ({ warnings }: Readonly<Record<string, unknown>>): string[] =>
  Array.isArray(warnings) ? warnings.map(String) : [];

function bestOf(points: readonly CurvePoint[]): CurvePoint | undefined {
  return points.reduce<CurvePoint | undefined>(
    (best, point) => (!best || point.validationLoss < best.validationLoss ? point : best),
    undefined,
  );
}
