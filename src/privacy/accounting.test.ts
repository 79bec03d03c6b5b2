import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { createAccounting } from './accounting.js';

/** What the accountant has to work at for long: sixty different compositions of many steps. */
const COSTLY: readonly Mechanism[] = Array.from({ length: 60 }, (_, i) => ({
  mechanism: 'subsampled-gaussian',
  samplingRate: 0.001 * (i + 1),
  noiseMultiplier: 0.5 + 0.01 * i,
  steps: 10_000 + i,
}));
const QUICK: readonly Mechanism[] = [{ mechanism: 'gaussian', noiseMultiplier: 5, count: 1 }];

test('a question that takes too long is given up; the next is answered, and the ledger never waited', async () => {
  const accounting = createAccounting({ patienceMs: 100 });
  try {
    const costly = accounting.epsilon(COSTLY, 1e-9, 'pld');
    const next = accounting.epsilon(QUICK, 1e-5, 'pld').catch((error: unknown) => error);
    expect(await accounting.spent(QUICK, 1e-5)).toMatchObject({ pld: expect.any(Number) });
    await expect(costly).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    // On a busy machine a thread may take longer to start than this patience.
    const answer = await next;
    if (typeof answer !== 'number') expect(answer).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  } finally {
    await accounting.close();
  }
}, 60_000);

test('more questions than can wait are refused at once', async () => {
  const accounting = createAccounting({ mostWaiting: 2 });
  try {
    const asked = Array.from({ length: 4 }, () =>
      accounting.epsilon(QUICK, 1e-5, 'pld').catch((error: { code: string }) => error.code),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === 'UNAVAILABLE')).toHaveLength(2);
    expect(answers.filter((answer) => typeof answer === 'number')).toHaveLength(2);
  } finally {
    await accounting.close();
  }
});

test("what is out of range is the caller's input", async () => {
  const accounting = createAccounting();
  try {
    await expect(accounting.epsilon(QUICK, 2, 'pld')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  } finally {
    await accounting.close();
  }
});
