import { requireBackend } from '../engine/backends/select.js';
import type { Progress } from '../engine/engine.js';
import { ConcordError } from '../errors.js';
import { openApi } from './api.js';
import { type BuiltInIssuer, openBuiltInIssuer } from './auth/issuer.js';
import { createRuntime, localViewer, type Runtime } from './composition.js';
import type { Config } from './config.js';
import { type Demo, startDemo } from './demo.js';
import { startDemoFederation } from './demo-federation/start.js';
import { startHousekeeping } from './housekeeping.js';
import type { GraphqlHandlerModules } from './http/graphql-handler.js';
import type { Check } from './http/health.js';
import { createMetrics, type Metrics } from './http/metrics.js';
import { type HttpServer, listen } from './http/server.js';
import { type Lifecycle, type LifecycleEvent, STARTING, transition } from './lifecycle.js';
import type { Logger } from './log.js';
import { createApiSchema } from './resolvers.js';
import { createResources, type Resources } from './resources.js';

export interface ServerModules {
  readonly log: Logger;
  readonly onProgress: (progress: Progress) => void;
}

export interface ConcordServer {
  readonly address: string;
  readonly issuer: BuiltInIssuer | undefined;
  readonly runtime: Runtime;
  /** Nodes of the demo train in the background, unless they have done so before. */
  readonly demoNodes: boolean;
  /** Takes no more requests, waits for those in flight, then closes everything in reverse order. */
  stop(reason: string): Promise<void>;
}

/** Since the process began. A slow machine serves by then, and trains the demo's models beside it. */
const READY_WITHIN_MS = 11_000;

/**
 * Starts everything: HTTP first, so that a busy port is found at once and health can be asked for, then database, engine and
 * services, the demo where it is wanted, and GraphQL last.
 * @param signal cancels the start
 * @throws {ConcordError} CONFIGURATION, UNAVAILABLE or CANCELLED; nothing is left running then
 */
export async function startServer(config: Config, modules: ServerModules, signal: AbortSignal): Promise<ConcordServer> {
  const { log, onProgress } = modules;
  const resources = createResources();
  let lifecycle: Lifecycle = STARTING;
  const on = (event: LifecycleEvent) => {
    lifecycle = transition(lifecycle, event);
  };
  const step = (name: string) => {
    if (signal.aborted) throw new ConcordError('CANCELLED', 'The start was cancelled.');
    log.debug({ step: name }, 'starting');
    on({ type: 'step', step: name });
  };
  const metrics = createMetrics(
    () => lifecycle,
    () => runtime?.database.pool(),
  );
  let web: HttpServer | undefined;
  let runtime: Runtime | undefined;
  let api: GraphqlHandlerModules | undefined;

  async function stop(reason: string): Promise<void> {
    on({ type: 'stop', reason });
    log.info({ reason }, 'stopping');
    await web?.drain(config.server.drainMs);
    await resources.close();
    on({ type: 'closed' });
  }

  try {
    const issuer = config.tokens.issuer ? undefined : await openBuiltInIssuer(config.dataDir);
    web = await listen(
      { ...config.server, console: config.environment === 'development' },
      {
        log,
        metrics,
        lifecycle: () => lifecycle,
        checks: () => checksOf(runtime),
        api: () => api,
        updates: () => runtime && { rounds: runtime.services.federation.rounds, models: runtime.services.models },
        jwks: issuer?.jwks,
      },
    );
    if (config.backend) {
      step('checking the backend');
      await requireBackend(config.backend);
    }
    runtime = resources.add(await openRuntime(config, { log, metrics, step }), (it) => it.close());
    let demo: Demo | undefined;
    if (config.demo) {
      step('preparing the demo');
      demo = await startDemo(runtime, {
        onProgress,
        signal,
        waitUntil: READY_WITHIN_MS,
        onLate: () => log.warn('the demo models are still being trained: until then what is popular is recommended'),
        onError: (error) => log.error({ err: error }, 'training the demo models failed'),
      });
      resources.add(demo, (it) => it.stop());
    }
    step('starting GraphQL');
    api = await serveRuntime(config, runtime, { log, metrics, issuer, resources });
    step('ready');
    on({ type: 'composed' });
    const { address } = web;
    let demoNodes = false;
    if (demo && config.demoFederation !== 'off') {
      const options = { config, address, issuer, after: demo.settled, log };
      const { reason } = resources.add(startDemoFederation(runtime, options), (it) => it.stop());
      demoNodes = reason === undefined;
    }
    return { address, issuer, runtime, demoNodes, stop };
  } catch (error) {
    await stop('the start failed');
    throw error;
  }
}

function openRuntime(
  config: Config,
  { log, metrics, step }: { log: Logger; metrics: Metrics; step: (name: string) => void },
): Promise<Runtime> {
  return createRuntime(config, {
    exclusive: true,
    onStep: step,
    onError: (error) => log.error({ err: error }, 'database'),
    measured: metrics.measured,
    onBudgetLevel(level) {
      metrics.budget(level);
      const { raised, ...state } = level;
      if (raised) log.warn(state, 'a privacy budget runs out');
    },
    onOversight: (alert) => log.warn(alert, `${alert.kind} of a model version asks for a look`),
  });
}

interface ServingModules {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly issuer: BuiltInIssuer | undefined;
  readonly resources: Resources;
}

/** Opens GraphQL over what runs already, and what goes on beside it: announcements of other servers, and housekeeping. */
async function serveRuntime(
  config: Config,
  { services }: Runtime,
  { log, metrics, issuer, resources }: ServingModules,
): Promise<GraphqlHandlerModules> {
  resources.add(await services.products.listen(), (end) => end());
  resources.add(await services.models.listen(), (end) => end());
  resources.add(await services.experiments.listen(), (end) => end());
  resources.add(
    startHousekeeping(services, (error) => log.error({ err: error }, 'housekeeping')),
    (it) => it.stop(),
  );
  resources.add(
    await services.federation.start((error) => log.error({ err: error }, 'a round cannot go on yet')),
    (it) => it.stop(),
  );
  const schema = createApiSchema(services);
  const findInstitution = (codeOrId: string) => services.institutions.idOf(codeOrId);
  const api = await openApi(config, { schema, log, metrics, issuer, findInstitution });
  resources.add(api.apollo, (it) => it.stop());
  return api;
}

/** What /readyz asks. Before the database is open there is nothing to ask: the server's own state says that it is starting. */
function checksOf(runtime: Runtime | undefined): Readonly<Record<string, Check>> {
  if (!runtime) return {};
  const { database, services } = runtime;
  return {
    database: () => database.ping(),
    async migrations() {
      const { pending } = await database.report();
      if (pending.length > 0) throw new ConcordError('UNAVAILABLE', `${pending.length} migrations are to be applied.`);
    },
    async model() {
      const [interest, risk] = await Promise.all([
        services.models.active(localViewer(), 'interest'),
        services.models.active(localViewer(), 'risk'),
      ]);
      const nameOf = (version: typeof risk) =>
        version ? `${version.model} ${version.number}` : 'none: fallbacks answer';
      return { interest: nameOf(interest), risk: nameOf(risk) };
    },
  };
}
