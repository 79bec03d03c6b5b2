import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../database/connect.js';
import { startEmbedded } from '../../database/embedded.js';
import { readReport } from '../../database/report.js';
import type { BackendReport } from '../../engine/backends/backend.js';
import { probeBackends } from '../../engine/backends/select.js';
import type { Config } from '../config.js';
import { prepareDataFolder } from '../data-folder.js';

/** What was found of one thing. A warning is worth knowing; a failure keeps Concord from working. */
export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failure';
  readonly detail: string;
}

export const finding = (name: string, status: Finding['status'], detail: string): Finding => ({ name, status, detail });

/** Runs a check; what it throws is its failure. */
export async function attempt(name: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return finding(name, 'failure', (error as Error).message);
  }
}

const LEAST_NODE = [20, 19] as const;

export function checkNode(version = process.versions.node): Finding {
  const [major, minor] = version.split('.').map(Number);
  const good = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return finding('node', good ? 'ok' : 'failure', `${version}${good ? '' : `: ${LEAST_NODE.join('.')} is the least`}`);
}

export async function checkDataFolder({ dataDir }: Config): Promise<Finding> {
  await prepareDataFolder(dataDir);
  return finding('data folder', 'ok', dataDir);
}

/** Looks, and changes nothing: where there is no embedded database yet, one is started in a folder that is then removed. */
export async function checkDatabase(config: Config): Promise<Finding> {
  if (config.database.url) return reportOf(config.database.url, 'DATABASE_URL');
  const fresh = !existsSync(join(config.dataDir, 'postgres.password'));
  const folder = fresh ? await mkdtemp(join(tmpdir(), 'concord-doctor-')) : config.dataDir;
  if (fresh) await chmod(folder, 0o711); // PostgreSQL's account must get in
  try {
    const embedded = await startEmbedded({ dataDir: folder });
    try {
      const found = await reportOf(embedded.ownerUrl, `embedded, in ${embedded.folder}`);
      if (!fresh) return found;
      return finding('database', 'ok', 'embedded PostgreSQL starts here; the database is made at the first start');
    } finally {
      await embedded.stop();
    }
  } finally {
    if (fresh) await rm(folder, { recursive: true, force: true });
  }
}

async function reportOf(url: string, place: string): Promise<Finding> {
  const client = await connect(url);
  try {
    const { version, bytes, pending } = await readReport(client);
    const state = pending.length > 0 ? `${pending.length} migrations are applied at the next start` : 'migrated';
    return finding('database', 'ok', `PostgreSQL ${version} (${place}), ${Math.round(bytes / 1e6)} MB, ${state}`);
  } finally {
    await client.end();
  }
}

/** The port is free, or Concord itself is at it. */
export async function checkPort({ server: { host, port } }: Config): Promise<Finding> {
  const probe = createServer();
  const code = await new Promise<string | undefined>((resolve) => {
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port }, () => resolve(undefined));
  });
  if (code === undefined) {
    await new Promise((resolve) => probe.close(resolve));
    return finding('port', 'ok', `${host}:${port} is free`);
  }
  const running = code === 'EADDRINUSE' ? await versionAt(host, port) : undefined;
  if (running) return finding('port', 'ok', `Concord ${running} is running at ${host}:${port}`);
  return finding('port', 'failure', `${host}:${port} cannot be used: ${code}. Set PORT or HOST.`);
}

async function versionAt(host: string, port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/version`, { signal: AbortSignal.timeout(2000) });
    const { name, version } = (await response.json()) as { name?: string; version?: string };
    return name === 'concord' ? version : undefined;
  } catch {
    return undefined; // whatever it is, it is not Concord
  }
}

export interface BackendFinding extends BackendReport {
  readonly chosen: boolean;
}

/** Which backend computes, and of each better one why it does not. */
export async function checkBackends(
  config: Config,
): Promise<{ finding: Finding; backends: readonly BackendFinding[] }> {
  const reports = await probeBackends();
  const name = config.backend ?? reports.find(({ available, software }) => available && !software)?.name;
  const backends = reports.map((report) => ({ ...report, chosen: report.name === name }));
  const chosen = backends.find((backend) => backend.chosen);
  if (!chosen) return { finding: finding('backend', 'failure', 'No tensor backend runs on this machine.'), backends };
  const why = config.backend ? 'named by CONCORD_BACKEND' : 'the best that works here';
  const detail = chosen.available
    ? `${chosen.name}: ${chosen.device}, ${why}`
    : `${chosen.name} (${why}): ${chosen.reason}`;
  return { finding: finding('backend', chosen.available ? 'ok' : 'failure', detail), backends };
}

export function checkTokens({ tokens, environment }: Config): Finding {
  if (tokens.issuer) return finding('tokens', 'ok', `from ${tokens.issuer}, for ${tokens.audience}`);
  const detail = 'the built-in issuer, whose key is in the data folder (`concord token`)';
  return environment === 'production'
    ? finding('tokens', 'warning', `${detail}: set CONCORD_OIDC_ISSUER to the consortium's own`)
    : finding('tokens', 'ok', detail);
}
