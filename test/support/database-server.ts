import 'reflect-metadata';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/database/connect.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';

export interface TestServer {
  readonly ownerUrl: string;
  /** A migrated database that nobody is connected to. */
  readonly template: string;
  stop(): Promise<void>;
}

/** Nothing here outlives the run, so nothing need reach the disk. */
const VOLATILE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** @param url of a superuser of a PostgreSQL for tests (TEST_DATABASE_URL); undefined: the embedded one, in a folder of its own. */
export async function startTestServer(url?: string): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'concord-test-'));
  chmodSync(folder, 0o711);
  const embedded = url ? undefined : await startEmbedded({ dataDir: folder, settings: VOLATILE });
  const ownerUrl = url ?? embedded!.ownerUrl;
  const template = `concord_template_${process.pid}`;
  await execute(ownerUrl, `drop database if exists ${template}`, `create database ${template}`);
  await migrate(inDatabase(ownerUrl, template));
  return {
    ownerUrl,
    template,
    async stop() {
      if (!embedded) await execute(ownerUrl, `drop database if exists ${template}`);
      await embedded?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function inDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}

export async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = await connect(url);
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
