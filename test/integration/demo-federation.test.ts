import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localViewer } from '../../src/app/composition.js';
import { nodeFiles } from '../../src/app/demo-federation/node-files.js';
import { prepareFederation } from '../../src/app/demo-federation/prepare.js';
import { createServices, type Services } from '../../src/app/services.js';
import { DEMO_BUDGET, DEMO_RUN } from '../../src/demo/federation.js';
import { INSTITUTIONS, REFERENCE } from '../../src/demo/institutions.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { seedSmall } from '../support/consortium.js';
import { createInstitution, createTestDatabase, type TestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';

describe('the federation of the demo', () => {
  let test: TestDatabase & { drop: () => Promise<void> };
  let engine: Engine;
  let services: Services;
  const folders: string[] = [];
  const { signal } = new AbortController();

  beforeEach(async () => {
    test = await createTestDatabase();
    engine = createEngine({ backend: 'onnxruntime' });
    services = createServices({ database: test.database, engine, scoring: engine.scoring, ledgerKey: testLedgerKey() });
  });
  afterEach(async () => {
    await services.privacy.close();
    await engine.close();
    await test.drop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function dataFolder(): string {
    folders.push(mkdtempSync(join(tmpdir(), 'concord-demo-federation-')));
    return folders[folders.length - 1];
  }
  const prepare = (folder: string) => prepareFederation({ services, database: test.database }, folder, signal);

  it('is prepared once, however many servers start: a budget and a node for each institution, a panel, and a run', async () => {
    await seedSmall(test.database, 0.01);
    const folder = dataFolder();
    const [first, second] = await Promise.all([prepare(folder), prepare(folder)]);
    expect(second).toEqual(first);
    const { run, banks } = first!;
    expect(await services.federation.runs.list(localViewer())).toEqual([run]);
    expect(banks.map(({ code }) => code)).toEqual(INSTITUTIONS.map(({ code }) => code));
    expect(run).toMatchObject({
      status: 'running',
      settings: { rounds: DEMO_RUN.rounds, tolerance: DEMO_RUN.tolerance },
    });
    expect(run.settings.nodes).toEqual(banks.map(({ nodeId }) => nodeId));
    expect(run.settings.reference).toBe(await services.institutions.idOf(REFERENCE.code));
    for (const { id, code } of banks) {
      const { cap } = await services.privacy.ledger.budget(localViewer(), id, DEMO_BUDGET.population);
      expect(cap).toMatchObject({ epsilon: DEMO_BUDGET.epsilon, delta: DEMO_BUDGET.delta });
      expect(statSync(nodeFiles(folder, code).key).mode & 0o777).toBe(0o600);
    }
    const [round] = await services.federation.runs.roundsOf(localViewer(), run.id);
    expect(round).toMatchObject({ number: 1, plan: { strategy: 'histogram' }, state: { status: 'collecting' } });
    expect(await prepare(folder)).toEqual(first);
  });

  it('is that of the server whose data folder has the keys; another server has nothing to do', async () => {
    await seedSmall(test.database, 0.01);
    expect(await prepare(dataFolder())).toBeDefined();
    expect(await prepare(dataFolder())).toBeUndefined();
    expect(await services.federation.runs.list(localViewer())).toHaveLength(1);
  });

  it('is not started again when its run is over', async () => {
    await seedSmall(test.database, 0.01);
    const folder = dataFolder();
    const { run } = (await prepare(folder))!;
    await services.federation.runs.stop(localViewer(), run.id);
    expect(await prepare(folder)).toBeUndefined();
    expect(await services.federation.runs.list(localViewer())).toHaveLength(1);
  });

  it('goes on where a crash left it before the run began, with new keys where the old ones were lost', async () => {
    await seedSmall(test.database, 0.01);
    const creating = jest.spyOn(services.federation.baseModels, 'create').mockRejectedValueOnce(new Error('crashed'));
    await expect(prepare(dataFolder())).rejects.toThrow('crashed');
    creating.mockRestore();
    const { run, banks } = (await prepare(dataFolder()))!;
    expect(run.status).toBe('running');
    const nodes = await services.federation.nodes.list(localViewer());
    expect(nodes.map(({ id }) => id).sort()).toEqual(banks.map(({ nodeId }) => nodeId).sort());
    for (const { keys } of nodes) expect(keys.filter(({ validTo }) => validTo === null)).toHaveLength(1);
  });

  it('leaves a database alone that has institutions of its own', async () => {
    await createInstitution(test.database);
    const folder = dataFolder();
    expect(await prepare(folder)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });
});
