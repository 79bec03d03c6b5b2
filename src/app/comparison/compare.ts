import type { Descriptor } from '../../database/import/descriptor.js';
import type { ReadReport } from '../../database/import/report.js';
import type { Dataset } from '../../engine/data/dataset.js';
import type { Engine, ModelName, Task } from '../../engine/engine.js';
import type { Predictions, TestedUsers } from '../../engine/evaluation/predictions.js';
import type { LearningCurve } from '../../engine/training/learning-curve.js';
import { ConcordError } from '../../errors.js';
import type { ComparedModel, Comparison, LeftOut } from './comparison.js';
import { summariseData } from './data-summary.js';
import { onValidation, type Told, usersBehind, weigh } from './evidence.js';
import { MAIN_FIGURE } from './figures.js';
import { measureGroups } from './groups.js';
import { interestPlots, riskPlots, scoreWidth } from './plots.js';
import { firstNameOf } from './second-names.js';

export interface ComparisonRequest {
  readonly dataset: Dataset;
  readonly descriptor: Pick<Descriptor, 'title' | 'source' | 'head' | 'peers'>;
  readonly report: Pick<ReadReport, 'tables' | 'notes'>;
  readonly task: Task;
  readonly models: readonly ModelName[];
  /** A model that does not fit, or fails, is left out with its reason; else it ends the comparison. */
  readonly skipUnfit: boolean;
  readonly seed: number;
  readonly resamples: number;
  readonly crossValidate?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, fraction: number, figures?: Readonly<Record<string, number>>) => void;
}

const LEVEL = 0.95;
/** Training is this part of the work. */
const TRAINING = 0.95;

/**
 * Trains and tests models one after the other on the same users, and says what their differences are worth.
 * @throws {ConcordError} BAD_INPUT where a model does not fit and may not be left out, or none fits; CANCELLED
 */
export async function compareModels(engine: Engine, request: ComparisonRequest): Promise<Comparison> {
  const started = performance.now();
  const { dataset, descriptor, task, seed, resamples, signal, onProgress } = request;
  const { told, skipped } = await evaluateAll(engine, request);
  const evidence = await weigh(told, {
    seed,
    resamples,
    level: LEVEL,
    checkpoint(share) {
      if (signal?.aborted) throw new ConcordError('CANCELLED', 'The work was cancelled.');
      onProgress?.('drawing users again and again', TRAINING + (1 - TRAINING) * share);
    },
  });
  const mainFigure = MAIN_FIGURE[task];
  const data = summariseData(dataset, task, descriptor, request.report);
  const plotsOf = plotter(
    told.map(({ predictions }) => usersBehind(evidence[0], predictions)),
    data.products,
  );
  const figure = ({ model }: Told) => evidence[0].models[model]?.figures[mainFigure] ?? Number.NEGATIVE_INFINITY;
  const models = [...told]
    .sort((a, b) => figure(b) - figure(a))
    .map((each): ComparedModel => {
      const { model, metrics, settings, predictions, seconds } = each;
      const validated = onValidation(each);
      return {
        model,
        metrics,
        ...(validated !== undefined && { onValidation: validated }),
        plots: plotsOf(usersBehind(evidence[0], predictions)),
        learning: learningCurves(settings),
        settings: Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'curves')),
        seconds,
      };
    });
  return {
    data,
    task,
    seed,
    resamples,
    level: LEVEL,
    mainFigure,
    models,
    skipped,
    evidence,
    groups: measureGroups(
      dataset.protectedColumns,
      told.map(({ model, predictions }) => ({ model, tested: usersBehind(evidence[0], predictions) })),
    ),
    peers: descriptor.peers ?? {},
    backend: told[0].backend,
    seconds: Math.round((performance.now() - started) / 10) / 100,
  };
}

async function evaluateAll(engine: Engine, request: ComparisonRequest) {
  const { dataset, descriptor, task, models, seed, crossValidate, signal, onProgress } = request;
  const told: Told[] = [];
  const skipped: LeftOut[] = [];
  let refusal: unknown;
  for (const [place, model] of models.entries()) {
    const first = firstNameOf(task, model);
    if (request.skipUnfit && first && models.includes(first)) {
      skipped.push({ model, reason: `it is ${first} by another name here` });
      continue;
    }
    const at = (fraction: number) => (TRAINING * (place + fraction)) / models.length;
    onProgress?.(`${model} (${place + 1} of ${models.length})`, at(0));
    try {
      const result = await engine.evaluate(dataset, task, {
        model,
        seed,
        crossValidate,
        headProducts: descriptor.head,
        predictions: true,
        signal,
        onProgress: ({ stage, fraction, figures }) =>
          onProgress?.(`${model} (${place + 1} of ${models.length}): ${stage}`, at(fraction), figures),
      });
      const twin = request.skipUnfit
        ? told.find((other) => saysTheSame(other.predictions, result.predictions))
        : undefined;
      if (twin) skipped.push({ model, reason: `it says the same as ${twin.model} of every user` });
      else told.push(result as Told);
    } catch (error) {
      if (!request.skipUnfit || isCancelled(error)) throw error;
      refusal = error;
      const isUnfit = error instanceof ConcordError && error.code === 'BAD_INPUT';
      const reason = error instanceof Error ? error.message : String(error);
      // What others have taken long to learn is not lost by a fault of one, but the fault is not hidden.
      skipped.push({ model, reason, ...(!isUnfit && { isFault: true }) });
    }
  }
  if (told.length === 0) throw refusal;
  return { told, skipped };
}

const isCancelled = (error: unknown): boolean => error instanceof ConcordError && error.code === 'CANCELLED';

/** Two names for one model would be compared with themselves. */
function saysTheSame(one: Predictions, other: Predictions | undefined): boolean {
  const own = one.test.probabilities;
  return other !== undefined && own.every((probability, user) => probability === other.test.probabilities[user]);
}

function plotter(all: readonly TestedUsers[], products: Comparison['data']['products']) {
  const width = scoreWidth(all.flatMap((tested) => ('labels' in tested ? [tested] : [])));
  return (tested: TestedUsers) => ('labels' in tested ? riskPlots(tested, width) : interestPlots(tested, products));
}

/** What the training has recorded of its losses, as far as it has. */
function learningCurves({ curves }: Readonly<Record<string, unknown>>): LearningCurve[] {
  return Array.isArray(curves) ? (curves as LearningCurve[]).filter(({ points }) => Array.isArray(points)) : [];
}
