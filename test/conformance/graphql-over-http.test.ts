import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAudits } from 'graphql-http';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';

let server: TestHttpServer;
const folder = mkdtempSync(join(tmpdir(), 'concord-audit-'));

beforeAll(async () => {
  server = await startHttpServer({ env: { CONCORD_DATA_DIR: folder, CONCORD_LOG_LEVEL: 'silent' } });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: fetch });

/** Requests without a header that a form of another site cannot send: CSRF prevention refuses them, as it should. */
const REFUSED = ['5A70', 'D6D5', '6A70'];

test.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_name, audit) => {
  const result = await audit.fn();
  if (REFUSED.includes(audit.id))
    expect({ status: result.status, name: audit.name }).toMatchObject({
      status: 'notice',
      name: expect.stringMatching(/^MAY/),
    });
  else expect(result).toMatchObject({ status: 'ok' });
});
