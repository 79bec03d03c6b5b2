import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DEMO_BUDGET } from '../../demo/federation.js';
import type { BuiltInIssuer } from '../auth/issuer.js';
import { localViewer, type Runtime } from '../composition.js';
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { followRun } from './follow.js';
import { nodeFiles } from './node-files.js';
import { keepNodeRunning, type NodeProcess } from './node-process.js';
import { type DemoBank, prepareFederation } from './prepare.js';

export interface DemoFederationOptions {
  readonly config: Pick<Config, 'dataDir' | 'database' | 'demoFederation' | 'tokens'>;
  /** Where this server serves. */
  readonly address: string;
  readonly issuer: BuiltInIssuer | undefined;
  /** Nothing happens before: the start and its models come first. */
  readonly after: Promise<void>;
  readonly log: Logger;
}

export interface DemoFederation {
  /** Why there are no nodes; undefined: nothing is against them. */
  readonly reason: string | undefined;
  /** Ends the nodes. The next start goes on. */
  stop(): Promise<void>;
}

/** Memory that three nodes take, and some to spare. */
const LEAST_MEMORY = 1.5 * 2 ** 30;
const TOKEN_SECONDS = 7 * 24 * 3600;
/** A node asks so often, and reads its users once. */
const POLL_SECONDS = 0.3;
const KEEP_SECONDS = 3600;
/** Longer than a restart of PostgreSQL takes. */
const PATIENCE_SECONDS = 120;

/**
 * Has three nodes, each a process of its own, train a model together over HTTP: what a consortium does, on one machine. In the background:
 * whatever goes wrong here is logged, and the server goes on without.
 */
export function startDemoFederation(runtime: Runtime, options: DemoFederationOptions): DemoFederation {
  const { config, issuer, log } = options;
  const reason = whyNot(config, issuer);
  if (!issuer || reason) {
    log.info({ reason }, 'demo nodes: none are started');
    return { reason, async stop() {} };
  }
  const stopped = new AbortController();
  const done = train(runtime, { ...options, issuer }, stopped.signal).catch((error) => {
    if (!stopped.signal.aborted) log.error({ err: error }, 'demo nodes: they cannot train; everything else goes on');
  });
  return {
    reason,
    async stop() {
      stopped.abort();
      await done;
    },
  };
}

type WithIssuer = DemoFederationOptions & { readonly issuer: BuiltInIssuer };

async function train(runtime: Runtime, options: WithIssuer, signal: AbortSignal): Promise<void> {
  const { config, after, log } = options;
  await Promise.race([after, once(signal, 'abort')]);
  if (signal.aborted) return;
  const prepared = await prepareFederation(runtime, config.dataDir, signal);
  if (!prepared) return log.debug('demo nodes: there is no run for them');
  const { run, banks } = prepared;
  const { federation } = runtime.services;
  log.info(
    { rounds: run.settings.rounds },
    `demo nodes: ${banks.map(({ code }) => code).join(', ')} train a model together`,
  );
  const nodes: NodeProcess[] = [];
  try {
    for (const bank of banks) {
      const onGaveUp = (why: string) => {
        log.error(
          { reason: why, log: nodeFiles(config.dataDir, bank.code).log },
          `demo nodes: ${bank.code} does not stay up; the run is stopped`,
        );
        federation.runs
          .stop(localViewer(), run.id)
          .catch((error) => log.error({ err: error }, 'the run cannot be stopped'));
      };
      if (signal.aborted) return;
      nodes.push(await startNode(bank, options, onGaveUp));
    }
    await followRun(runtime.services, prepared, log, signal);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

/** @returns in a sentence why there are no demo nodes here; undefined where nothing speaks against them */
function whyNot(
  { database, demoFederation, tokens }: DemoFederationOptions['config'],
  issuer: BuiltInIssuer | undefined,
): string | undefined {
  if (!issuer) return 'Tokens come from CONCORD_OIDC_ISSUER, and nodes would need some.';
  if (tokens.requireBound) return 'CONCORD_REQUIRE_DPOP is on, and nodes have tokens that are not bound.';
  if (database.poolSize < 2) return 'CONCORD_DATABASE_POOL is less than 2.';
  const free = process.availableMemory();
  if (demoFederation !== 'auto' || free >= LEAST_MEMORY) return undefined;
  return `${Math.round(free / 2 ** 20)} MiB of memory are free, and ${LEAST_MEMORY / 2 ** 20} would be needed: CONCORD_DEMO_FEDERATION=on does without asking.`;
}

async function startNode(
  { code, nodeId }: DemoBank,
  { config, address, issuer, log }: WithIssuer,
  onGaveUp: (reason: string) => void,
): Promise<NodeProcess> {
  const files = nodeFiles(config.dataDir, code);
  const { audience } = config.tokens;
  const token = await issuer.issue({ client: 'node', institution: code, audience, expiresInSeconds: TOKEN_SECONDS });
  await writeFile(files.token, token, { mode: 0o600 });
  const { population, epsilon, delta, days } = DEMO_BUDGET;
  const values = {
    ...{ coordinator: address, key: files.key, node: nodeId, 'token-file': files.token, institution: code, population },
    ...{
      'epsilon-cap': epsilon,
      delta,
      period: days,
      poll: POLL_SECONDS,
      keep: KEEP_SECONDS,
      patience: PATIENCE_SECONDS,
    },
  };
  const given = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return keepNodeRunning({
    command: [PROGRAM, 'node', 'run', ...given, '--attached', '--json'],
    log: files.log,
    onRestart: (reason) => log.warn({ reason }, `demo nodes: ${code} is started again`),
    onGaveUp,
  });
}

/** This very program, as it was built or as it is written. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../bin.ts' : '../bin.js', import.meta.url));
