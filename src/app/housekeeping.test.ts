import { setImmediate as turn } from 'node:timers/promises';
import { startHousekeeping } from './housekeeping.js';
import type { Services } from './services.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
afterEach(() => jest.useRealTimers());

function fakeServices(refresh: (viewer: { institutionId?: string }) => Promise<unknown>): Services {
  const institutions = {
    list: async () => [
      { id: 'a', code: 'a' },
      { id: 'b', code: 'b' },
    ],
  };
  return { institutions, profiles: { refresh } } as unknown as Services;
}

test('refreshes every institution now and then, whether a round fails or not, until it is stopped', async () => {
  const refreshed: (string | undefined)[] = [];
  const errors: unknown[] = [];
  const services = fakeServices(async ({ institutionId }) => {
    refreshed.push(institutionId);
    if (refreshed.length === 1) throw new Error('lost');
  });
  const housekeeping = startHousekeeping(services, (error) => errors.push(error));
  expect(refreshed).toEqual([]);
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
