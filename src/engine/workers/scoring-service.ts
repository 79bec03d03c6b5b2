import type { Worker } from 'node:worker_threads';
import type { UserRow } from '../data/dataset.js';
import type { ScoringService, Task, TrainedModel } from '../engine.js';
import { createWorkerClient } from './client.js';

type StoredModel = Pick<TrainedModel, 'task' | 'model' | 'contract' | 'weights'>;

interface Waiting {
  readonly rows: readonly UserRow[];
  resolve(probabilities: Float32Array): void;
  reject(error: unknown): void;
}

/** Calls for one model version that wait for the worker: while it is at work they gather, and then go as one. */
interface Queue {
  readonly waiting: Waiting[];
  busy: boolean;
}

/** Rows that go to the worker at once. */
const MOST_ROWS = 1024;

/** Scoring in a thread of its own. After a crash it starts again with all models loaded; the calls that waited are refused. */
export function createScoringService(startThread: () => Worker): ScoringService {
  const models = new Map<string, StoredModel>();
  const queues = new Map<string, Queue>();
  const client = createWorkerClient(startThread, () => {
    for (const [versionId, model] of models) {
      // A model that does not load again makes its next call fail with MODEL_UNAVAILABLE.
      client.call('load', { versionId, model }).catch(() => undefined);
    }
  });

  /** A large call goes in parts, so that a small one that comes meanwhile does not wait for all of it. */
  async function score(versionId: string, task: Task, rows: readonly UserRow[]): Promise<Float32Array> {
    if (rows.length === 0) return new Float32Array(0);
    if (rows.length <= MOST_ROWS) return enqueue(versionId, task, rows);
    const first = await enqueue(versionId, task, rows.slice(0, MOST_ROWS));
    const width = first.length / MOST_ROWS;
    const all = new Float32Array(rows.length * width);
    all.set(first);
    for (let from = MOST_ROWS; from < rows.length; from += MOST_ROWS) {
      all.set(await enqueue(versionId, task, rows.slice(from, from + MOST_ROWS)), from * width);
    }
    return all;
  }

  function enqueue(versionId: string, task: Task, rows: readonly UserRow[]): Promise<Float32Array> {
    const key = `${task} ${versionId}`;
    const queue = queues.get(key) ?? { waiting: [], busy: false };
    queues.set(key, queue);
    return new Promise((resolve, reject) => {
      queue.waiting.push({ rows, resolve, reject });
      if (queue.busy) return;
      queue.busy = true;
      // Not at once: what this turn of the event loop asks for goes together.
      setImmediate(() => void drain(queue, key, versionId, task));
    });
  }

  async function drain(queue: Queue, key: string, versionId: string, task: Task): Promise<void> {
    while (queue.waiting.length > 0) {
      const together: Waiting[] = [];
      let size = 0;
      while (queue.waiting.length > 0 && (size === 0 || size + queue.waiting[0].rows.length <= MOST_ROWS)) {
        const next = queue.waiting.shift() as Waiting;
        together.push(next);
        size += next.rows.length;
      }
      try {
        const rows = together.length === 1 ? together[0].rows : together.flatMap((call) => call.rows);
        const all = await client.call<Float32Array>('score', { versionId, task, rows });
        const width = all.length / size;
        let from = 0;
        for (const call of together) {
          const to = from + call.rows.length * width;
          call.resolve(all.subarray(from, to));
          from = to;
        }
      } catch (error) {
        for (const call of together) call.reject(error);
      }
    }
    queue.busy = false;
    queues.delete(key);
  }

  return {
    async load(versionId, { task, model, contract, weights }) {
      const stored = { task, model, contract, weights };
      await client.call('load', { versionId, model: stored });
      models.set(versionId, stored);
    },
    async unload(versionId) {
      models.delete(versionId);
      await client.call('unload', { versionId });
    },
    async scoreInterest(versionId, rows) {
      const all = await score(versionId, 'interest', rows);
      const width = all.length / Math.max(1, rows.length);
      return rows.map((_, row) => all.subarray(row * width, (row + 1) * width));
    },
    scoreRisk: (versionId, rows) => score(versionId, 'risk', rows),
    explainInterest: (versionId, row, products, method) =>
      client.call('explainInterest', { versionId, row, products, method }),
    explainRisk: (versionId, row, method) => client.call('explainRisk', { versionId, row, method }),
    retrieve: (versionId, row, count) => client.call('retrieve', { versionId, row, count }),
    similarProducts: (versionId, product, count) => client.call('similarProducts', { versionId, product, count }),
    placeUsers: (versionId, rows) => client.call('placeUsers', { versionId, rows }),
    close: () => client.close(),
  };
}
