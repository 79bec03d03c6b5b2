import { setImmediate as turn } from 'node:timers/promises';
import { startHousekeeping } from './housekeeping.js';
import type { Services } from './services.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  warmed = [];
});
afterEach(() => jest.useRealTimers());

let warmed: string[];

function fakeServices(refresh: (viewer: { institutionId?: string }) => Promise<unknown>): Services {
  const institutions = {
    list: async () => [
      { id: 'a', code: 'a' },
      { id: 'b', code: 'b' },
    ],
  };
  const recommendations = { warmUp: async (id: string) => warmed.push(id) };
  return { institutions, profiles: { refresh }, recommendations } as unknown as Services;
}

test('warms up, then refreshes every institution now and then, whether a round fails or not, until it is stopped', async () => {
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
  expect([refreshed, errors]).toEqual([['a'], [new Error('lost')]]);
  jest.advanceTimersByTime(6 * 3_600_000);
  await turn();
  expect(refreshed).toEqual(['a', 'a', 'b']);
  await housekeeping.stop();
  jest.advanceTimersByTime(100 * 3_600_000);
  await turn();
  expect([refreshed.length, errors.length]).toEqual([3, 1]);
});
