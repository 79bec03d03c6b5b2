import { Worker } from 'node:worker_threads';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, Progress, TrainedModel } from '../../src/engine/engine.js';
import { createWorkerClient } from '../../src/engine/workers/client.js';
import { createScoringService } from '../../src/engine/workers/scoring-service.js';
import { startWorker } from '../../src/engine/workers/start.js';
import { ConcordError } from '../../src/errors.js';
import { interestDataset, riskDataset, rowOf } from '../support/synthetic.js';

const settings = {
  maxEpochs: 6,
  weightDecay: 0.01,
  dropout: 0.2,
  hidden: [16],
  batchSize: 128,
  learningRate: 0.02,
  members: 3,
};
const linear = { ...settings, hidden: [], dropout: 0, members: 1 };

describe('the engine, in its worker threads', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = createEngine({ backend: 'onnxruntime', threads: 2 });
  });
  afterAll(() => engine.close());

  describe('trains', () => {
    test('and the number of threads changes nothing', async () => {
      // Wide enough for helper threads to be worth their start.
      const dataset = riskDataset({ size: 6000 });
      const wide = { ...settings, hidden: [512], maxEpochs: 1, batchSize: 512, members: 2 };
      const single = createEngine({ backend: 'onnxruntime', threads: 1 });
      try {
        const [two, one] = await Promise.all([
          engine.train(dataset, 'risk', 'dnn', { seed: 3, settings: wide }),
          single.train(dataset, 'risk', 'dnn', { seed: 3, settings: wide }),
        ]);
        expect(Buffer.from(two.weights).equals(Buffer.from(one.weights))).toBe(true);
        expect(two.metrics).toEqual(one.metrics);
      } finally {
        await single.close();
      }
    });

    test('with progress that grows to 1', async () => {
      const seen: Progress[] = [];
      const { training, metrics } = await engine.train(riskDataset(), 'risk', 'dnn', {
        settings,
        onProgress: (progress) => seen.push(progress),
      });
      const fractions = seen.map(({ fraction }) => fraction);
      expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      expect(fractions.at(-1)).toBe(1);
      expect(seen[0].figures).toHaveProperty('validationLoss');
      expect(training).toMatchObject({ seed: 1, backend: 'onnxruntime', trainingUsers: 240 });
      expect(metrics.auc).toBeGreaterThan(0.6);
    });

    test('until the signal fires; what follows is not disturbed', async () => {
      const stop = new AbortController();
      const endless = { ...settings, maxEpochs: 10_000, patience: 10_000, members: 1 };
      const first = engine.train(riskDataset(), 'risk', 'dnn', {
        settings: endless,
        signal: stop.signal,
        onProgress: () => stop.abort(),
      });
      const queued = engine.train(riskDataset(), 'risk', 'dnn', { settings: endless, signal: AbortSignal.timeout(1) });
      const next = engine.evaluate(riskDataset(), 'risk', { model: 'popularity' });
      await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(queued).rejects.toMatchObject({ code: 'CANCELLED' });
      expect((await next).metrics.auc).toBe(0.5);
    });

    test('and says what is wrong with the data in the caller’s thread', async () => {
      const failure = engine.train({ ...riskDataset(), label: undefined }, 'risk', 'logistic');
      await expect(failure).rejects.toBeInstanceOf(ConcordError);
      await expect(failure).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('no label') });
      await expect(engine.train(riskDataset(), 'risk', 'oracle' as never)).rejects.toMatchObject({ code: 'BAD_INPUT' });
      await expect(engine.train(riskDataset(), 'risk', 'dnn', { settings: { dropout: 1 } })).rejects.toMatchObject({
        code: 'BAD_INPUT',
      });
    });
  });

  describe('scores', () => {
    const risk = riskDataset();
    const interest = interestDataset();
    let riskModel: TrainedModel;
    beforeAll(async () => {
      riskModel = await engine.train(risk, 'risk', 'dnn', { settings });
      await engine.scoring.load('risk-1', riskModel);
      const model = await engine.train(interest, 'interest', 'linear', { settings: linear });
      await engine.scoring.load('interest-1', model);
    });

    test('calls together as it scores them one by one', async () => {
      const rows = Array.from({ length: 60 }, (_, user) => rowOf(risk, user));
      const together = await Promise.all(rows.map((row) => engine.scoring.scoreRisk('risk-1', [row])));
      const whole = await engine.scoring.scoreRisk('risk-1', rows);
      expect(whole).toHaveLength(60);
      for (const [user, row] of rows.slice(0, 10).entries()) {
        const [alone] = await engine.scoring.scoreRisk('risk-1', [row]);
        expect(alone).toBeCloseTo(whole[user], 6);
        expect(together[user][0]).toBeCloseTo(whole[user], 6);
      }
    });

    test('interest by product, and explains it', async () => {
      const rows = [rowOf(interest, 0), rowOf(interest, 1)];
      const [first, second] = await engine.scoring.scoreInterest('interest-1', rows);
      expect(first).toHaveLength(8);
      expect(second).toHaveLength(8);
      const [why] = await engine.scoring.explainInterest('interest-1', rows[0], ['P2']);
      expect(1 / (1 + Math.exp(-why.score))).toBeCloseTo(first[2], 5);
      const reason = await engine.scoring.explainRisk('risk-1', rowOf(risk, 3));
      expect(1 / (1 + Math.exp(-reason.score))).toBeCloseTo(
        (await engine.scoring.scoreRisk('risk-1', [rowOf(risk, 3)]))[0],
        6,
      );
    });

    test('more rows than go at once', async () => {
      const rows = Array.from({ length: 2500 }, (_, user) => rowOf(risk, user % risk.size));
      const all = await engine.scoring.scoreRisk('risk-1', rows);
      expect(all).toHaveLength(2500);
      expect(all[2499]).toBeCloseTo(all[2499 - risk.size], 6);
      const interested = await engine.scoring.scoreInterest(
        'interest-1',
        rows.map(() => rowOf(interest, 7)),
      );
      for (const scores of interested) expect(scores).toEqual(interested[0]);
    });

    test('nobody at all', async () => {
      expect(await engine.scoring.scoreRisk('risk-1', [])).toHaveLength(0);
      expect(await engine.scoring.scoreInterest('interest-1', [])).toEqual([]);
      expect(await engine.scoring.explainInterest('interest-1', rowOf(interest, 0), [])).toEqual([]);
    });

    test('only what is loaded, and for its task', async () => {
      const row = rowOf(risk, 0);
      await expect(engine.scoring.scoreRisk('nope', [row])).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
      await expect(engine.scoring.scoreRisk('interest-1', [row])).rejects.toMatchObject({ code: 'BAD_INPUT' });
      await engine.scoring.load('risk-2', riskModel);
      await engine.scoring.unload('risk-2');
      await expect(engine.scoring.scoreRisk('risk-2', [row])).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
      await expect(engine.scoring.load('broken', { ...riskModel, weights: new Uint8Array(9) })).rejects.toMatchObject({
        code: 'BAD_INPUT',
      });
    });
  });

  describe('when its worker dies', () => {
    const echo = `require('node:worker_threads').parentPort.on('message', (message) => {
      if (message === 'end') process.exit();
      const { id, method } = message;
      if (method === 'crash') throw new Error('crashed');
      if (method === 'echo') require('node:worker_threads').parentPort.postMessage({ id, kind: 'result', result: id });
    })`;

    test('refuses all that wait, and starts again with the next call', async () => {
      let starts = 0;
      const client = createWorkerClient(
        () => new Worker(echo, { eval: true, execArgv: [] }),
        () => starts++,
      );
      expect(await client.call('echo', {})).toBe(0);
      const waiting = ['wait', 'crash', 'wait'].map((method) => client.call(method, {}));
      for (const { reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ code: 'UNAVAILABLE', cause: { message: 'crashed' } });
      }
      expect(await client.call('echo', {})).toBe(4);
      expect(starts).toBe(2);
      await expect(client.call('echo', () => 1)).rejects.toThrow(/could not be cloned/);
      const late = Promise.allSettled([client.call('wait', {})]);
      await client.close();
      expect(await late).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }]);
      await expect(client.call('echo', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('scores again with all models that were loaded', async () => {
      const threads: Worker[] = [];
      const scoring = createScoringService(() => {
        threads.push(startWorker('scoring-worker', { backend: 'onnxruntime' }));
        return threads.at(-1)!;
      });
      try {
        await scoring.load('a', await engine.train(riskDataset(), 'risk', 'logistic', { settings: linear }));
        const rows = [rowOf(riskDataset(), 5)];
        const before = await scoring.scoreRisk('a', rows);
        await threads[0].terminate();
        expect(await scoring.scoreRisk('a', rows)).toEqual(before);
        expect(threads).toHaveLength(2);
      } finally {
        await scoring.close();
      }
    });
  });

  test('wrong options are refused', () => {
    expect(() => createEngine({ backend: 'abacus' as never })).toThrow(/No backend is called abacus/);
    expect(() => createEngine({ threads: 0 })).toThrow(ConcordError);
  });
});
