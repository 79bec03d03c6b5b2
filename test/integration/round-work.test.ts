import {
  FEDAVG,
  initialState,
  type ServerOptimiser,
  serverStep,
} from '../../federated/aggregation/server-optimiser.js';
import { SLICE } from '../../federated/aggregation/slices.js';
import { initialParameters, toTrainedModel } from '../../src/engine/models/federated.js';
import type { RunSettings } from '../../src/federation/round.js';
import { RoundsStore } from '../../src/federation/rounds.store.js';
import { useTestDatabase } from '../support/database.js';
import {
  CONTRACT,
  createFederation,
  enrol,
  type Federation,
  type Member,
  passDeadline,
  recordingBudgets,
  startRunOf,
} from '../support/federation.js';
import { parametersOf } from '../support/parameters.js';
import { fileOf, RoundPart } from '../support/round-part.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
let federation: Federation;
/** What the next versions are measured as, before and after; default: as good as before. */
let qualities: number[] = [];
beforeAll(() => {
  federation = createFederation(db.database, recordingBudgets().budgets, async () => qualities.shift() ?? 0.7);
});
afterEach(() => {
  qualities = [];
  jest.restoreAllMocks();
});

const INPUTS = 7000;
/** A network over so many bins that its parameters are several slices. */
const WIDE = {
  ...CONTRACT,
  features: [
    {
      ...CONTRACT.features[0],
      edges: Array.from({ length: INPUTS + 1 }, (_, i) => i),
      mean: Array(INPUTS).fill(0.5),
    },
  ],
};
const ADAM: ServerOptimiser = { kind: 'fedadam', learningRate: 0.1, beta1: 0.9, beta2: 0.99, adaptivity: 0.01 };

let parameters: Float32Array;
let baseVersion: string;
beforeAll(async () => {
  parameters = initialParameters('dnn', 'risk', WIDE);
  const base = toTrainedModel('risk', 'dnn', WIDE, parameters);
  baseVersion = (await federation.models.add(operator(), null, base, false)).id;
});

async function wideRun(settings: Partial<RunSettings> = {}) {
  const members = await enrol(db.database, federation, 2);
  const { run } = await startRunOf(federation, members, {
    baseVersion,
    optimiser: ADAM,
    normBound: 1e6,
    ...settings,
  });
  return { run, members };
}

const roundsOf = (run: string) => federation.runs.roundsOf(operator(), run);
async function partsOf(run: string, members: readonly Member[]): Promise<RoundPart[]> {
  const round = (await roundsOf(run)).at(-1)!;
  return members.map((member) => new RoundPart(federation.rounds, round, member));
}
const updateOf = (seed: number, length: number) =>
  Float32Array.from({ length }, (_, i) => ((seed + i) % 1009) / 1009 - 0.5);

async function contribute(run: string, members: readonly Member[], updates: readonly Float32Array[]): Promise<void> {
  const parts = await partsOf(run, members);
  for (const [i, update] of updates.entries()) expect(await parts[i].contribute(update)).toMatchObject({ weight: 100 });
}

async function pass(signal?: AbortSignal): Promise<unknown[]> {
  const errors: unknown[] = [];
  await federation.work.runDue((error) => errors.push(error), signal);
  return errors;
}

/** What is kept of a run: rows by table. */
async function kept(run: string, members: readonly Member[]) {
  const of = async (sql: string) =>
    (await db.database.consortium((manager) => manager.query(`select count(*)::int as n ${sql}`, [run])))[0].n;
  let uploads = 0;
  for (const { institutionId } of members) {
    const [{ n }] = await db.database.tenant(institutionId, (manager) =>
      manager.query('select count(*)::int as n from concord.update_chunks'),
    );
    uploads += n;
  }
  return {
    uploads,
    states: await of('from concord.optimiser_states o join concord.rounds r on r.id = o.round_id where r.run_id = $1'),
    versions: await of(`from concord.model_versions where training ->> 'run' = $1::text`),
  };
}

/** Does something while the second slice of a round is aggregated. */
function inTheMiddle(work: () => unknown): void {
  const save = RoundsStore.prototype.saveOptimiser;
  jest.spyOn(RoundsStore.prototype, 'saveOptimiser').mockImplementation(async function (this: RoundsStore, ...args) {
    if (args[2] === 1) await work();
    return save.apply(this, args);
  });
}

test('a model of several slices is aggregated to what the step on the whole gives, round after round', async () => {
  const { run, members } = await wideRun({ rounds: 2 });
  const { length } = parameters;
  expect(length).toBeGreaterThan(2 * SLICE);
  const [whole, state] = [parameters.slice(), initialState(ADAM, length)];
  for (let number = 1; number <= 2; number++) {
    const updates = [updateOf(number, length), updateOf(10 * number, length)];
    await contribute(run, members, updates);
    expect(await kept(run, members)).toMatchObject({ uploads: 2 * Math.ceil(fileOf(updates[0]).length / 2 ** 20) });
    expect([await pass(), await pass()]).toEqual([[], []]);
    const mean = updates[0].map((value, i) => 0.5 * value + 0.5 * updates[1][i]);
    serverStep(ADAM, whole, mean, state);
    const { versionId, state: round } = (await roundsOf(run))[number - 1];
    expect(round.status).toBe('published');
    const made = await parametersOf(federation.models, versionId!, WIDE);
    expect(made.reduce((most, value, i) => Math.max(most, Math.abs(value - whole[i])), 0)).toBeLessThan(1e-6);
    // The next round needs the state; nobody needs it after the last.
    const states = number === 1 ? Math.ceil(length / SLICE) : 0;
    expect(await kept(run, members)).toEqual({ uploads: 0, states, versions: number });
  }
});

test('an aggregation that is stopped in the middle leaves nothing; the next pass begins again', async () => {
  const { run, members } = await wideRun();
  await contribute(run, members, [updateOf(1, parameters.length), updateOf(2, parameters.length)]);
  const stop = new AbortController();
  inTheMiddle(() => stop.abort());
  expect(await pass(stop.signal)).toMatchObject([{ code: 'CANCELLED' }]);
  expect((await roundsOf(run))[0].state.status).toBe('aggregating');
  expect(await kept(run, members)).toMatchObject({ states: 0, versions: 0 });
  jest.restoreAllMocks();
  expect([await pass(), await pass()]).toEqual([[], []]);
  expect((await roundsOf(run))[0].state.status).toBe('published');
  expect(await kept(run, members)).toEqual({ uploads: 0, states: 0, versions: 1 });
});

test('a round that ends while it is aggregated makes no version, and what was uploaded for it is deleted', async () => {
  const { run, members } = await wideRun();
  await contribute(run, members, [updateOf(1, parameters.length), updateOf(2, parameters.length)]);
  inTheMiddle(() => federation.runs.stop(operator(), run));
  expect(await pass()).toEqual([]);
  expect((await roundsOf(run))[0].state.status).toBe('failed');
  expect(await kept(run, members)).toEqual({ uploads: 0, states: 0, versions: 0 });
});

test('plain averaging keeps no state of an optimiser', async () => {
  const { run, members } = await wideRun({ rounds: 2, optimiser: FEDAVG });
  await contribute(run, members, [updateOf(1, parameters.length), updateOf(2, parameters.length)]);
  expect([await pass(), await pass()]).toEqual([[], []]);
  expect((await roundsOf(run))[0].state.status).toBe('published');
  expect(await kept(run, members)).toMatchObject({ states: 0, versions: 1 });
});

test('a version that is rejected leaves no state of its own', async () => {
  const { run, members } = await wideRun({ rounds: 2 });
  await contribute(run, members, [updateOf(1, parameters.length), updateOf(2, parameters.length)]);
  qualities = [0.8, 0.7];
  expect([await pass(), await pass()]).toEqual([[], []]);
  expect((await roundsOf(run))[0].state.status).toBe('rejected');
  expect(await kept(run, members)).toEqual({ uploads: 0, states: 0, versions: 1 });
});

test('of a round that failed nothing that was uploaded is kept, and nothing comes after it', async () => {
  const { run, members } = await wideRun({ quorum: 2 });
  const update = updateOf(1, parameters.length);
  const [early, late] = await partsOf(run, members);
  expect(await early.contribute(update)).toMatchObject({ weight: 100 });
  const upload = await late.begin(update);
  const file = fileOf(update);
  await late.put(upload.contributionId, file.subarray(0, 2 ** 20 + 5));
  await passDeadline(db.database, (await roundsOf(run))[0].id);
  expect(await pass()).toEqual([]);
  expect((await roundsOf(run))[0].state.status).toBe('failed');
  expect(await kept(run, members)).toEqual({ uploads: 0, states: 0, versions: 0 });
  await expect(late.put(upload.contributionId, file, 2 ** 20 + 5)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await kept(run, members)).toMatchObject({ uploads: 0 });
});

test('who signs after the round is over is told so, though the bytes are gone', async () => {
  const { run, members } = await wideRun({ quorum: 2 });
  const update = updateOf(1, parameters.length);
  const [, late] = await partsOf(run, members);
  const upload = await late.upload(update);
  await passDeadline(db.database, (await roundsOf(run))[0].id);
  expect(await pass()).toEqual([]);
  expect(await late.tryCommit(upload, update)).toMatchObject({ name: 'Refusal', code: 'ROUND_CLOSED' });
  expect(await kept(run, members)).toMatchObject({ uploads: 0 });
});
