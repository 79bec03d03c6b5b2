import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../workers/start.js';
import { createNoiseThread, type NoiseAhead } from './noise-thread.js';
import { noisySum } from './release.js';

const thread = createNoiseThread(() => startWorker('noise-worker', undefined));
afterAll(() => thread.stop());

const SIGMA = 1000;

/** Waits for the thread, which may be starting. */
async function taken(ahead: NoiseAhead, target: Int32Array): Promise<void> {
  while (!ahead.take(target)) await sleep(5);
}

test('the thread draws discrete Gaussian noise of the deviation, and never the same twice', async () => {
  const values = 20_000;
  const ahead = thread.source(SIGMA, values);
  const drawn: Int32Array[] = [];
  for (let i = 0; i < 5; i++) {
    const target = new Int32Array(values);
    await taken(ahead, target);
    drawn.push(target);
  }
  const all = drawn.flatMap((each) => Array.from(each));
  const variance = all.reduce((sum, x) => sum + x * x, 0) / all.length;
  // The variance of 100,000 draws is within five deviations: σ²·√(2/n)·5.
  expect(Math.abs(variance / SIGMA ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / all.length));
  expect(new Set(drawn.map((each) => each.join())).size).toBe(drawn.length);
});

test('another deviation or length: what was drawn for the one before is not given any more', async () => {
  const before = thread.source(SIGMA, 100);
  await taken(before, new Int32Array(100));
  const after = thread.source(2 * SIGMA, 50);
  expect(before.take(new Int32Array(100))).toBe(false);
  await taken(after, new Int32Array(50));
  expect(thread.source(2 * SIGMA, 50)).toBe(after);
});

test('a thread that cannot start, or has died: the noise is drawn here', () => {
  const dead = createNoiseThread(() => {
    const worker = startWorker('noise-worker', undefined);
    void worker.terminate();
    return worker;
  });
  const sum = noisySum(2, 1000, dead);
  sum.release(1);
  expect(sum.total.filter((x) => x !== 0).length).toBeGreaterThan(990);
});

test('a sum whose noise the thread draws has the variance of its noise multiplier', async () => {
  const values = 5000;
  const bound = 0.5;
  const sum = noisySum(3, values, thread);
  let squares = 0;
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    await sleep(5);
    sum.total.fill(0);
    sum.release(bound);
    for (const value of sum.total) squares += value * value;
  }
  const variance = squares / (rounds * values);
  expect(Math.abs(variance / 9 - 1)).toBeLessThan(5 * Math.sqrt(2 / (rounds * values)));
});
