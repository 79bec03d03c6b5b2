import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { openApi } from '../../src/app/api.js';
import { type BuiltInIssuer, openBuiltInIssuer } from '../../src/app/auth/issuer.js';
import { readConfig } from '../../src/app/config.js';
import { createMetrics } from '../../src/app/http/metrics.js';
import { listen } from '../../src/app/http/server.js';
import type { Lifecycle } from '../../src/app/lifecycle.js';
import { createLogger } from '../../src/app/log.js';
import { createBareSchema } from '../../src/app/resolvers.js';

export interface TestHttpServer {
  readonly url: string;
  readonly issuer: BuiltInIssuer;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  setLifecycle(lifecycle: Lifecycle): void;
  close(): Promise<void>;
}

export interface TestHttpOptions {
  /** As the environment has it; the data folder is where the issuer's key goes. */
  readonly env: Readonly<Record<string, string>>;
  /** Default: Concord's own, with nothing behind it. */
  readonly schema?: GraphQLSchema;
  readonly institutions?: Readonly<Record<string, string>>;
}

/** The whole HTTP side of Concord, without a database behind it. */
export async function startHttpServer({ env, schema, institutions = {} }: TestHttpOptions): Promise<TestHttpServer> {
  const config = readConfig({ PORT: '0', ...env });
  const lines: string[] = [];
  const log = createLogger(config.server, { write: (line) => lines.push(line) });
  let lifecycle: Lifecycle = { phase: 'ready' };
  const issuer = await openBuiltInIssuer(config.dataDir);
  const metrics = createMetrics(
    () => lifecycle,
    () => undefined,
  );
  const api = await openApi(config, {
    schema: schema ?? createBareSchema(),
    log,
    metrics,
    issuer,
    findInstitution: async (code) => institutions[code],
  });
  const web = await listen(
    { ...config.server, console: false },
    {
      log,
      metrics,
      lifecycle: () => lifecycle,
      checks: () => ({}),
      api: () => api,
      updates: () => undefined,
      jwks: issuer.jwks,
    },
  );
  return {
    url: web.address,
    issuer,
    log: lines,
    setLifecycle(next) {
      lifecycle = next;
    },
    async close() {
      await web.drain(1000);
      await api.apollo.stop();
    },
  };
}
