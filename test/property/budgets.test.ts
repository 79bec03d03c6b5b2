import { randomInt } from 'node:crypto';
import { BudgetError } from '../../federated/privacy/ledger/budget.js';
import { verifyExport } from '../../federated/privacy/ledger/verify.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { connect } from '../../src/database/connect.js';
import type { EntityManager } from '../../src/database/database.js';
import { ConcordError } from '../../src/errors.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import type { BudgetLevel } from '../../src/privacy/alert.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
const UNTIL = new Date(Date.UTC(2100, 0, 1));
const CAP = 0.5;
const SIGMAS = [4, 6, 8];
const mechanism = (): Mechanism => ({
  mechanism: 'subsampled-gaussian',
  samplingRate: 0.02,
  noiseMultiplier: SIGMAS[randomInt(SIGMAS.length)],
  steps: 40,
});

/** A pool has few connections: who gets none in time has done nothing yet, and tries again. */
async function patiently<T>(institutionId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await db.database.tenant(institutionId, work);
    } catch (error) {
      if (!(error instanceof ConcordError && error.code === 'UNAVAILABLE')) throw error;
    }
  }
}

test('hundreds of reservations at once, from several processes: the cap holds, and the ledger verifies', async () => {
  const key = testLedgerKey();
  const levels: BudgetLevel[] = [];
  const institutions = new InstitutionsService({ database: db.database });
  // Two coordinators over one database: what one has in memory, the other has changed.
  const open = () =>
    createPrivacy({ database: db.database, institutions, key, onLevel: (level) => levels.push(level) });
  const coordinators = [open(), open()];
  try {
    const institutionId = await createInstitution(db.database);
    await coordinators[0].budgets.setCap(operator(), {
      institutionId,
      population: 'all',
      epsilon: CAP,
      delta: 1e-5,
      until: UNTIL,
    });
    const outcomes = { committed: 0, released: 0, kept: 0, exhausted: 0, rolledBack: 0 };
    await Promise.all(
      Array.from({ length: 240 }, async (_, i) => {
        const { budgets } = coordinators[i % 2];
        const fate = randomInt(4);
        try {
          const reservation = await patiently(institutionId, async (manager) => {
            const made = await budgets.reserve(manager, {
              institutionId,
              population: 'all',
              mechanisms: [mechanism()],
              run: 'run',
              round: `round-${i}`,
              node: 'node',
              at: new Date(),
            });
            if (fate === 3) throw new Error('rolled back');
            return made;
          });
          await patiently(institutionId, async (manager) => {
            if (fate === 0) await budgets.commit(manager, institutionId, reservation, 'accepted', 'ab'.repeat(32));
            if (fate === 1) await budgets.release(manager, institutionId, reservation, 'withdrawn');
          });
          outcomes[fate === 0 ? 'committed' : fate === 1 ? 'released' : 'kept']++;
        } catch (error) {
          if (error instanceof BudgetError && error.code === 'EXHAUSTED') outcomes.exhausted++;
          else if (fate === 3) outcomes.rolledBack++;
          else throw error;
        }
      }),
    );
    const { ledger } = coordinators[0];
    const lines: string[] = [];
    for await (const line of ledger.export(operator(), institutionId)) lines.push(JSON.stringify(line));
    const result = verifyExport(lines, new Map([[key.id, key.publicKey]]));
    expect(result.problems).toEqual([]);
    const { committed, released, kept } = outcomes;
    expect(result.entries).toBe(1 + 2 * committed + 2 * released + kept);
    expect(result.covered).toBe(result.entries);
    const budget = result.budgets.get('all')!;
    expect(budget.spent.pld).toBeLessThanOrEqual(CAP);
    expect(outcomes.exhausted).toBeGreaterThan(0);
    for (const line of lines) {
      const { type, spent } = JSON.parse(line);
      if (type === 'entry') expect(spent.pld).toBeLessThanOrEqual(CAP);
    }
    expect(levels.some(({ alert }) => alert === 'warning')).toBe(true);
  } finally {
    await Promise.all(coordinators.map((it) => it.close()));
  }
}, 300_000);

test('the database refuses whatever changes, deletes or does not follow, from the owner too', async () => {
  const institutionId = await createInstitution(db.database);
  const privacy = createPrivacy({
    database: db.database,
    institutions: new InstitutionsService({ database: db.database }),
    key: testLedgerKey(),
  });
  const cap = { institutionId, population: 'all', epsilon: 1, delta: 1e-5, until: UNTIL };
  await privacy.budgets.setCap(operator(), cap);
  await privacy.close();
  const owner = await connect(db.ownerUrl);
  try {
    for (const statement of [
      'update concord.ledger_entries set spent = spent',
      'delete from concord.ledger_entries',
      'truncate concord.ledger_entries cascade',
      'delete from concord.ledger_checkpoints',
    ])
      await expect(owner.query(statement)).rejects.toMatchObject({ code: '42501' });
    const insert = (sequence: number, previous: string) =>
      owner.query(
        `insert into concord.ledger_entries (institution_id, sequence, record, spent, previous, hash)
         values ($1, $2, '{}', '{}', $3, repeat('a', 64))`,
        [institutionId, sequence, previous],
      );
    await expect(insert(3, 'b'.repeat(64))).rejects.toMatchObject({ code: '23514' });
    await expect(insert(2, 'b'.repeat(64))).rejects.toMatchObject({ code: '23514' });
    await expect(insert(1, '0'.repeat(64))).rejects.toMatchObject({ code: '40001' });
  } finally {
    await owner.end();
  }
});
