import { createEngine } from '../../src/engine/create-engine.js';
import { parseContract } from '../../src/engine/encoders/contract.js';
import type { Engine } from '../../src/engine/engine.js';
import { manifestOf } from '../../src/engine/layers/parameters.js';
import { federatedArchitecture, initialParameters, toTrainedModel } from '../../src/engine/models/federated.js';
import { entryOf, network } from '../../src/engine/models/network.js';
import { createMeasure } from '../../src/federation/measure.js';
import { createServices } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { CONTRACT, enrol, startRunOf } from '../support/federation.js';
import {
  createPrivateFederation,
  latestRound,
  type PrivateFederation,
  roundsOf,
  setCaps,
  workUntilIdle,
} from '../support/private-federation.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let federation: PrivateFederation;
beforeAll(() => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  const { models, profiles } = createServices(db.database, engine, () => new Date());
  federation = createPrivateFederation(db.database, createMeasure({ models, profiles, scoring: engine.scoring }));
});
afterAll(async () => {
  await federation.close();
  await engine.close();
});

/** Plays a run of one update a round, each given the number of parameters. @returns its rounds */
async function play(reference: string, updates: ((size: number) => Float32Array)[], settings = {}) {
  const members = await enrol(db.database, federation, 1);
  await setCaps(federation, members);
  const rounds = updates.length;
  const { run } = await startRunOf(federation, members, { reference, rounds, normBound: 100, ...settings });
  for (const update of updates) {
    const { round, parts } = await latestRound(federation, run, members);
    await parts[0].contribute(update(round.plan.model.parameters));
    await workUntilIdle(federation);
  }
  return roundsOf(federation, run);
}

const filled = (value: number) => (size: number) => new Float32Array(size).fill(value);

test('of risk: a version that tells who is at risk is published, one that tells the opposite is rejected', async () => {
  const reference = await createInstitution(db.database);
  for (let age = 20; age < 80; age++)
    // A user without a label says nothing of a version.
    await createUser(db.database, reference, { attributes: { age }, risk_label: age % 5 === 0 ? null : +(age > 50) });
  const [good, bad] = await play(reference, [filled(1), filled(-2)]);
  expect(good).toMatchObject({ state: { status: 'published' }, metrics: { before: 0.5, after: 1 } });
  expect(bad).toMatchObject({
    state: { status: 'rejected', reason: expect.stringMatching(/^0\.0000 against 1\.0000/) },
    metrics: { before: 1, after: 0 },
    baseVersionId: good.versionId,
  });
  expect(await federation.models.active(operator(), 'risk')).toMatchObject({ id: good.versionId });
});

test('of interest: by the rank of a product that each user owns and that was hidden', async () => {
  const products = ['A', 'B', 'C', 'D'];
  const contract = { ...CONTRACT, products };
  const reference = await createInstitution(db.database);
  const ids: string[] = [];
  for (const code of products) ids.push(await createProduct(db.database, reference, { code }));
  // Each owns A, and C beside it, which is the one that is hidden; a user without products says nothing of a version.
  for (let age = 20; age < 30; age++) {
    const user = await createUser(db.database, reference, { attributes: { age } });
    if (age % 5 === 0) continue;
    for (const product of [ids[0], ids[2]])
      await db.database.tenant(reference, (manager) =>
        manager.query('insert into concord.holdings (institution_id, user_id, product_id) values ($1, $2, $3)', [
          reference,
          user,
          product,
        ]),
      );
  }
  const parameters = initialParameters('linear', 'interest', contract);
  const start = toTrainedModel('interest', 'linear', contract, parameters);
  const { id: baseVersion } = await federation.models.add(operator(), null, start, true);
  const manifest = manifestOf(network(federatedArchitecture('interest', 'linear', parseContract(contract))));
  const { offset } = entryOf(manifest, 'output.bias');
  const biases = (ofB: number, ofC: number) => (size: number) => {
    const update = new Float32Array(size);
    update.set([9, ofB, ofC, 0], offset);
    return update;
  };
  const [good, bad] = await play(reference, [biases(1, 2), biases(2, -1)], { baseVersion });
  // Among B, C and D, not what the user shows: first all alike, then C first, then behind B.
  expect(good).toMatchObject({ state: { status: 'published' }, metrics: { before: 1 / 2, after: 1 } });
  expect(bad).toMatchObject({ state: { status: 'rejected' }, metrics: { before: 1, after: 1 / 2 } });
  expect(await federation.models.active(operator(), 'interest')).toMatchObject({ id: good.versionId });
});

test('a reference institution on whose users nothing can be measured ends each round as failed, with the reason', async () => {
  const reference = await createInstitution(db.database);
  await createUser(db.database, reference, { attributes: { age: 30 }, risk_label: 1 });
  const rounds = await play(reference, [filled(1), filled(1)]);
  for (const { state } of rounds)
    expect(state).toMatchObject({ status: 'failed', reason: expect.stringMatching(/with and without the event/) });
  expect(await federation.models.active(operator(), 'risk')).toMatchObject({ id: rounds[0].baseVersionId });
});
