import { workerData } from 'node:worker_threads';
import { ConcordError } from '../../errors.js';
import type { Backend, BackendName } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { UserRow } from '../data/dataset.js';
import { encodeRows } from '../encoders/encode.js';
import type { Explanation, Retrieved, SimilarCode, Task } from '../engine.js';
import { explainInterest, explainRisk } from '../explanations/explain.js';
import type { ExplanationMethod } from '../explanations/methods.js';
import type { Predictor } from '../models/kind.js';
import { placesOf, retrieved, similarCodes } from '../models/likeness.js';
import { loadPredictor, type StoredModel } from '../models/predictor.js';
import { type Answer, serveCalls } from './serve.js';

/** The thread that keeps models loaded and scores. One call after the other: executables and batches are not re-entrant. */
const { backend: choice } = workerData as { backend: BackendName | 'auto' };
const predictors = new Map<string, Predictor>();
let backend: Promise<Backend> | undefined;
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => undefined); // the caller is told; the next in turn is not concerned
  return result;
}

function predictorOf(versionId: string, task: Task): Predictor {
  const predictor = predictors.get(versionId);
  if (!predictor) throw new ConcordError('MODEL_UNAVAILABLE', `The model version ${versionId} is not loaded.`);
  if (predictor.task !== task) {
    throw new ConcordError('BAD_INPUT', `The model version ${versionId} is for ${predictor.task}, not ${task}.`);
  }
  return predictor;
}

async function score(predictor: Predictor, rows: readonly UserRow[]): Promise<Float32Array<ArrayBuffer>> {
  const encoded = encodeRows(predictor.contract, rows);
  const result = new Float32Array(rows.length * predictor.outputs);
  const users = Int32Array.from(rows.keys());
  await predictor.predict(encoded, { users, hidden: new Int32Array(rows.length).fill(-1) }, (start, _count, values) => {
    result.set(values, start * predictor.outputs);
  });
  return result;
}

async function unload(versionId: string): Promise<void> {
  await predictors.get(versionId)?.dispose();
  predictors.delete(versionId);
}

async function load(versionId: string, model: StoredModel): Promise<void> {
  backend ??= openBackend(choice);
  const predictor = loadPredictor(model, await backend);
  await unload(versionId);
  predictors.set(versionId, predictor);
  // Compiled now, so that the first request does not wait for it.
  for (const rows of [1, 16]) {
    const batch = predictor.batchFor(rows);
    // As of a user who owns nothing: to score what is owned as if it were not is dear.
    batch.candidates.fill(1);
    await predictor.run(batch);
  }
}

type Versioned<T> = T & { readonly versionId: string };

interface Explained {
  readonly row: UserRow;
  readonly method?: ExplanationMethod;
}

serveCalls({
  load: ({ versionId, model }: Versioned<{ model: StoredModel }>): Promise<Answer<void>> =>
    inTurn(async () => ({ result: await load(versionId, model) })),
  unload: ({ versionId }: Versioned<unknown>): Promise<Answer<void>> =>
    inTurn(async () => ({ result: await unload(versionId) })),
  score: ({
    versionId,
    task,
    rows,
  }: Versioned<{ task: Task; rows: readonly UserRow[] }>): Promise<Answer<Float32Array>> =>
    inTurn(async () => {
      const result = await score(predictorOf(versionId, task), rows);
      return { result, transfer: [result.buffer] };
    }),
  retrieve: ({
    versionId,
    row,
    count,
  }: Versioned<{ row: UserRow; count: number }>): Promise<Answer<Retrieved[] | undefined>> =>
    inTurn(async () => ({ result: await retrieved(predictorOf(versionId, 'interest'), row, count) })),
  similarProducts: ({
    versionId,
    product,
    count,
  }: Versioned<{ product: string; count: number }>): Promise<Answer<SimilarCode[] | undefined>> =>
    inTurn(async () => ({ result: similarCodes(predictorOf(versionId, 'interest'), product, count) })),
  placeUsers: ({
    versionId,
    rows,
  }: Versioned<{ rows: readonly UserRow[] }>): Promise<Answer<Float32Array[] | undefined>> =>
    inTurn(async () => ({ result: await placesOf(predictorOf(versionId, 'interest'), rows) })),
  explainRisk: ({ versionId, row, method }: Versioned<Explained>): Promise<Answer<Explanation>> =>
    inTurn(async () => ({ result: await explainRisk(predictorOf(versionId, 'risk'), row, method) })),
  explainInterest: ({
    versionId,
    row,
    products,
    method,
  }: Versioned<Explained & { products: readonly string[] }>): Promise<Answer<Explanation[]>> =>
    inTurn(async () => ({ result: await explainInterest(predictorOf(versionId, 'interest'), row, products, method) })),
});
