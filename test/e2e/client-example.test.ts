import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openLedgerKey } from '../../src/app/ledger-key.js';
import { createApiSchema } from '../../src/app/resolvers.js';
import { createServices } from '../../src/app/services.js';
import { seedDemo } from '../../src/demo/seed.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { useTestDatabase } from '../support/database.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';

const example = join(import.meta.dirname, '../../examples/client/recommend.mjs');

describe('examples/client', () => {
  const test = useTestDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'concord-example-'));
  let engine: Engine;
  let server: TestHttpServer;
  beforeAll(async () => {
    engine = createEngine({ backend: 'onnxruntime' });
    const { institutions } = await seedDemo({ database: test.database, scale: 0.01 });
    server = await startHttpServer({
      env: { CONCORD_DATA_DIR: folder },
      schema: createApiSchema(
        createServices({
          database: test.database,
          engine,
          scoring: engine.scoring,
          ledgerKey: await openLedgerKey(folder),
        }),
      ),
      institutions: Object.fromEntries(institutions.map(({ code, id }) => [code, id])),
    });
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  const run = (...args: string[]) => promisify(execFile)(process.execPath, [example, ...args]);

  it('recommends, records what the user did, and gives feedback', async () => {
    const token = await server.issuer.issue({
      client: 'partner',
      institution: 'tarnbrook-bank',
      audience: 'concord',
      expiresInSeconds: 600,
    });
    const { stdout } = await run(token, `${server.url}/graphql`);
    expect(stdout).toMatch(/^User TB-\d{6} owns /);
    expect(stdout.match(/3 recommendations \(\w+\)/g)).toHaveLength(2);
    expect(stdout).toContain('Feedback recorded: CLICKED');
  });

  it('says what is missing without a token', async () => {
    await expect(run()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Give a token') });
  });
});
