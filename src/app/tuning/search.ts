import type { Dataset } from '../../engine/data/dataset.js';
import type { Engine, ModelName, Task } from '../../engine/engine.js';
import { hasEffort } from '../../engine/tuning/space.js';
import { ConcordError } from '../../errors.js';
import { bestOf, ranked } from './ranking.js';
import type { TestRecord, TrialRecord, TrialsFile } from './trials-file.js';

export interface SearchRequest {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: ModelName;
  readonly seed: number;
  readonly trials: number;
  /** After which no further trial begins. */
  readonly milliseconds?: number;
  readonly headProducts?: readonly string[];
}

export interface SearchHooks {
  /** Ends the search after the trial that runs. */
  readonly ending: AbortSignal;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  onProgress(stage: string, fraction: number, figures?: Readonly<Record<string, number>>): void;
  /** Monotonic, in milliseconds. */
  now(): number;
}

export interface SearchResult {
  /** Best first, one a trial. */
  readonly trials: readonly TrialRecord[];
  readonly best: TrialRecord | undefined;
  /** What the best reaches on test users; absent where the search was ended before. */
  readonly test: TestRecord | undefined;
  /** Trials whose figures on test users are known: more than one where a search went on after its end. */
  readonly looks: number;
  readonly ended: 'done' | 'time' | 'interrupted';
}

/** Below which nobody can drop out. */
const LEAST_TO_HALVE = 3;
const FIRST_EFFORT = 1 / 3;
/** What of the progress is the trials; then comes the test. */
const TRYING = 0.9;

/**
 * Random search, with successive halving (Jamieson and Talwalkar 2016) in two rounds where a model has epochs, rounds, trees or iterations: all trials
 * with a third of them, then the best third, and the usual settings, with all. Each trial is kept in the file as it ends, and none that is there is
 * done again. The best by validation loss alone looks at the test users.
 * @throws {ConcordError} BAD_INPUT where the first trial, the usual settings, is refused; CANCELLED
 */
export async function search(
  engine: Pick<Engine, 'trial' | 'evaluate'>,
  request: SearchRequest,
  file: TrialsFile,
  hooks: SearchHooks,
): Promise<SearchResult> {
  const { dataset, task, model, seed, milliseconds } = request;
  const { ending, signal, onProgress, now } = hooks;
  const halved = hasEffort(model) && request.trials >= LEAST_TO_HALVE;
  const second = halved ? secondRoundSize(request.trials) : 0;
  const work = request.trials * (halved ? FIRST_EFFORT : 1) + second;
  const started = now();
  let worked = 0;

  const attempt = async (trial: number, full: boolean, stage: string) => {
    const effort = full ? 1 : FIRST_EFFORT;
    const show = (fraction: number) => {
      const bestLoss = Math.min(...file.trials.map(({ validationLoss }) => validationLoss ?? Number.POSITIVE_INFINITY));
      const share = Math.min(1, (worked + effort * fraction) / work);
      onProgress(stage, TRYING * share, Number.isFinite(bestLoss) ? { bestLoss } : undefined);
    };
    if (!file.trials.some((known) => known.trial === trial && (known.full || !full))) {
      const tried = await engine.trial(dataset, task, {
        ...{ model, seed, trial, effort, signal },
        onProgress: ({ fraction }) => show(fraction),
      });
      await file.addTrial({ trial, full, ...tried });
    }
    show(1);
    worked += effort;
  };
  const round = async (trials: readonly number[], full: boolean, share: number): Promise<SearchResult['ended']> => {
    for (const [place, trial] of trials.entries()) {
      if (ending.aborted) return 'interrupted';
      if (milliseconds !== undefined && now() - started >= milliseconds * share) return 'time';
      const which = `trial ${trial} of ${request.trials}`;
      await attempt(trial, full, halved && full ? `the best again, ${place + 1} of ${trials.length}: ${which}` : which);
    }
    return 'done';
  };

  const all = Array.from({ length: request.trials }, (_, index) => index + 1);
  const first = await round(all, !halved, halved ? 0.5 : 1);
  const last = halved && first !== 'interrupted' ? await round(goingOn(file.trials), true, 1) : 'done';
  const best = bestOf(file.trials);
  const isEnding = ending.aborted || !best;
  const test = file.tests.find(({ trial }) => trial === best?.trial) ?? (isEnding ? undefined : await look(best));
  return {
    trials: ranked(file.trials),
    best,
    test,
    looks: new Set(file.tests.map(({ trial }) => trial)).size,
    ended: ending.aborted ? 'interrupted' : first === 'done' ? last : first,
  };

  async function look({ trial, settings }: TrialRecord): Promise<TestRecord | undefined> {
    try {
      const { metrics, backend, seconds } = await engine.evaluate(dataset, task, {
        ...{ model, seed, settings, headProducts: request.headProducts },
        signal: AbortSignal.any([signal, ending]),
        onProgress: ({ stage, fraction }) => onProgress(`the best: ${stage}`, TRYING + (1 - TRYING) * fraction),
      });
      const record = { trial, metrics, backend, seconds };
      await file.addTest(record);
      return record;
    } catch (error) {
      const isEnded = ending.aborted && !signal.aborted && error instanceof ConcordError && error.code === 'CANCELLED';
      if (isEnded) return undefined;
      throw error;
    }
  }
}

const bestThird = (trials: number): number => Math.ceil(trials / 3);
/** The usual settings may be among the best third. */
const secondRoundSize = (trials: number): number => bestThird(trials) + 1;

/** The best third by what all were tried with, and the usual settings, so that it shows what the search is worth. */
function goingOn(records: readonly TrialRecord[]): number[] {
  const first = ranked(records.filter(({ full }) => !full));
  const best = first.filter(({ validationLoss }) => validationLoss !== null).map(({ trial }) => trial);
  return [...new Set([...best.slice(0, bestThird(first.length)), 1])];
}
