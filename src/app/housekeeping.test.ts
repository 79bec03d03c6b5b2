import { setImmediate as turn } from 'node:timers/promises';
import { startHousekeeping } from './housekeeping.js';
import type { Services } from './services.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  warmed = [];
  watched = [];
  erased = [];
});
afterEach(() => jest.useRealTimers());

let warmed: string[];
let watched: string[];
let erased: string[];

function fakeServices(refresh: (viewer: { institutionId?: string }) => Promise<unknown>): Services {
  const institutions = {
    list: async () => [
      { id: 'a', code: 'a' },
      { id: 'b', code: 'b' },
    ],
  };
  const recommendations = { warmUp: async (id: string) => warmed.push(id) };
  const embeddings = { refresh: async () => undefined };
  const erasureWork = {
    runDue: async ({ code }: { code: string }) => {
      erased.push(code);
    },
  };
  const drift = {
    watch: async (id: string) => {
      watched.push(id);
      if (watched.length === 1) throw new Error('too few');
    },
  };
  return {
    institutions,
    profiles: { refresh },
    recommendations,
    embeddings,
    erasureWork,
    oversight: { drift },
  } as unknown as Services;
}

test('warms up, then refreshes and watches every institution now and then, whether a round fails or not, until it is stopped', async () => {
  const refreshed: (string | undefined)[] = [];
  const errors: unknown[] = [];
  const services = fakeServices(async ({ institutionId }) => {
    refreshed.push(institutionId);
    if (refreshed.length === 1) throw new Error('lost');
  });
  const housekeeping = startHousekeeping(services, (error) => errors.push(error));
  await turn();
  expect([refreshed, warmed]).toEqual([[], ['a', 'b']]);
  jest.advanceTimersByTime(30_000);
  await turn();
  expect([refreshed, errors]).toEqual([['a'], [new Error('lost'), new Error('too few')]]);
  expect(watched).toEqual(['a', 'b']);
  expect(erased).toEqual([]);
  jest.advanceTimersByTime(5 * 60_000);
  await turn();
  expect(erased).toEqual(['a', 'b']);
  jest.advanceTimersByTime(6 * 3_600_000);
  await turn();
  expect([refreshed, watched]).toEqual([
    ['a', 'a', 'b'],
    ['a', 'b', 'a', 'b'],
  ]);
  await housekeeping.stop();
  jest.advanceTimersByTime(100 * 3_600_000);
  await turn();
  expect([refreshed.length, errors.length]).toEqual([3, 2]);
});
