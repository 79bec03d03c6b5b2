import { type Benchmark, round } from './benchmark.js';
import { load } from './load.js';
import { startServer } from './server.js';
import { userIds } from './serving.js';

const RECORD = 'mutation ($events: [EventInput!]!) { recordEvents(input: { events: $events }) { accepted rejected } }';

/** recordEvents on a running server: each batch is one transaction that also updates the profiles. */
export const events: Benchmark = {
  description: 'recordEvents: events/s in batches, and requests/s one event at a time',
  async run({ seconds, progress }) {
    const server = await startServer(progress);
    try {
      const users = await userIds(server);
      const headers = { authorization: `Bearer ${server.token}` };
      const body = (size: number) => (n: number) => {
        const occurredAt = new Date().toISOString();
        const events = Array.from({ length: size }, (_, i) => ({
          eventId: `bench-${size}-${occurredAt}-${n}-${i}`,
          userId: users[(n * size + i) % users.length],
          type: i % 2 === 0 ? 'LOGIN' : 'TRANSACTION',
          amount: i % 2 === 0 ? undefined : 12.5,
          occurredAt,
        }));
        return JSON.stringify({ query: RECORD, variables: { events } });
      };
      const measure = async (size: number) => {
        progress(`recordEvents, ${size} a request`);
        const options = { url: server.url, headers, body: body(size), connections: 4 };
        await load({ ...options, seconds: 1 });
        return load({ ...options, seconds });
      };
      const single = await measure(1);
      const batched = await measure(100);
      return [
        { name: 'recordEvents, 1 event a request', value: round(single.perSecond, 0), unit: 'events/s' },
        { name: 'recordEvents, 1 event a request, median', value: round(single.p50), unit: 'ms' },
        { name: 'recordEvents, 100 events a request', value: round(100 * batched.perSecond, 0), unit: 'events/s' },
        { name: 'recordEvents, 100 events a request, median', value: round(batched.p50), unit: 'ms' },
      ];
    } finally {
      await server.stop();
    }
  },
};
