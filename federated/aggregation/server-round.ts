import { initialState, type OptimiserState, type ServerOptimiser, serverStep } from './server-optimiser.js';
import { SliceReader } from './slices.js';
import { weightedMean } from './weighted-mean.js';

export interface ServerRound {
  readonly optimiser: ServerOptimiser;
  /** The parameters from which the round started, cut as it comes. */
  readonly base: AsyncIterable<Float32Array>;
  /** The updates, each of the length of the base, and what each weighs. */
  readonly updates: readonly AsyncIterable<Float32Array>[];
  readonly weights: readonly number[];
  /** What the last round yielded as states, slice for slice; without it the optimiser starts anew. */
  readonly memory?: AsyncIterable<OptimiserState>;
}

/** The same slice of the new parameters and of the optimiser's new state. */
export interface ServerSlice {
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly state: OptimiserState;
}

/**
 * The coordinator's part of a round as a stream: the weighted mean, and the optimiser's step with it. One slice of everything is held, and
 * a piece of each update.
 * @throws {RangeError} where base, updates and memory are not of the same length
 */
export async function* serverRound(round: ServerRound): AsyncGenerator<ServerSlice> {
  const { optimiser, base, updates, weights } = round;
  const parametersOf = new SliceReader(base);
  const memory = round.memory?.[Symbol.asyncIterator]();
  for await (const mean of weightedMean(updates, weights)) {
    const parameters = await parametersOf.next();
    const kept: IteratorResult<OptimiserState, undefined> | undefined = await memory?.next();
    const state = kept ? kept.value : initialState(optimiser, mean.length);
    if (parameters.length !== mean.length || !state || !fits(state, optimiser, mean.length)) throw otherLength();
    serverStep(optimiser, parameters, mean, state);
    yield { parameters, state };
  }
  if ((await parametersOf.next()).length > 0 || (memory && !(await memory.next()).done)) throw otherLength();
}

/** Whether a slice of the state is of the length of the parameters' slice. */
function fits(state: OptimiserState, { kind }: ServerOptimiser, length: number): boolean {
  return state.first.length === length && state.second.length === (kind === 'momentum' ? 0 : length);
}

const otherLength = () =>
  new RangeError("The base, the updates and the optimiser's memory are not of the same length.");
