import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolState } from '../../database/database.js';
import type { ScoringService } from '../../engine/engine.js';
import type { OperationRecord } from '../../graphql/plugin.js';
import type { BudgetLevel } from '../../privacy/alert.js';
import type { Lifecycle } from '../lifecycle.js';

/** Names of operations are the clients' choice: so many get a series of their own, the others share one. */
const MOST_NAMES = 100;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NAMES = /^\w{1,64}$/;

export interface Metrics {
  readonly registry: Registry;
  operation(record: OperationRecord): void;
  request(route: string, status: number, seconds: number): void;
  budget(level: BudgetLevel): void;
  /** The same service, with its calls measured. */
  measured(scoring: ScoringService): ScoringService;
}

/**
 * What /metrics tells: requests, operations, errors, cost, scoring, connections, and Node's own (event loop, memory, garbage
 * collection).
 * @param pool of the database, once it is open
 */
export function createMetrics(lifecycle: () => Lifecycle, pool: () => PoolState | undefined): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'concord_http_request_seconds',
    help: 'Duration of HTTP requests by route and status.',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const operations = new Histogram({
    name: 'concord_graphql_operation_seconds',
    help: 'Duration of GraphQL operations by name, type and outcome (ok, errors).',
    labelNames: ['operation', 'type', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const errors = new Counter({
    name: 'concord_graphql_errors_total',
    help: 'Errors of GraphQL operations by code.',
    labelNames: ['code'],
    registers,
  });
  const cost = new Counter({
    name: 'concord_graphql_cost_total',
    help: 'Cost of the operations that were executed, by kind of client.',
    labelNames: ['client'],
    registers,
  });
  const scores = new Histogram({
    name: 'concord_scoring_seconds',
    help: 'Duration of calls to the scoring workers by call.',
    labelNames: ['call'],
    buckets: SECONDS,
    registers,
  });
  new Gauge({
    name: 'concord_ready',
    help: '1 while the server takes requests.',
    registers,
    collect() {
      this.set(lifecycle().phase === 'ready' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'concord_database_connections',
    help: 'Connections to the database by state, and calls that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      const { connections = 0, idle = 0, waiting = 0 } = pool() ?? {};
      this.set({ state: 'busy' }, connections - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  const budgets = new Gauge({
    name: 'concord_privacy_budget_spent_ratio',
    help: 'Spent share of a privacy budget, by institution and population; known once it was charged in this process.',
    labelNames: ['institution', 'population'],
    registers,
  });
  const names = new Set<string>();
  const nameOf = (name: string | undefined) => {
    if (name === undefined) return 'anonymous';
    if (NAMES.test(name) && names.size < MOST_NAMES) names.add(name);
    return names.has(name) ? name : 'other';
  };

  return {
    registry,
    operation({ name, type, seconds, errors: found, cost: spent, context }) {
      const labels = { operation: nameOf(name), type: type ?? 'none', outcome: found.length > 0 ? 'errors' : 'ok' };
      operations.observe(labels, seconds);
      cost.inc({ client: context.viewer?.client ?? 'anonymous' }, spent);
      for (const { code } of found) errors.inc({ code });
    },
    budget: ({ institutionId, population, ratio }) => budgets.set({ institution: institutionId, population }, ratio),
    request: (route, status, seconds) => requests.observe({ route, status }, seconds),
    measured(scoring) {
      const timed = <T>(call: string, work: () => Promise<T>): Promise<T> => {
        const done = scores.startTimer({ call });
        return work().finally(done);
      };
      return {
        load: (...given) => timed('load', () => scoring.load(...given)),
        unload: (...given) => scoring.unload(...given),
        scoreInterest: (...given) => timed('scoreInterest', () => scoring.scoreInterest(...given)),
        scoreRisk: (...given) => timed('scoreRisk', () => scoring.scoreRisk(...given)),
        explainInterest: (...given) => timed('explainInterest', () => scoring.explainInterest(...given)),
        explainRisk: (...given) => timed('explainRisk', () => scoring.explainRisk(...given)),
        retrieve: (...given) => timed('retrieve', () => scoring.retrieve(...given)),
        similarProducts: (...given) => timed('similarProducts', () => scoring.similarProducts(...given)),
        placeUsers: (...given) => timed('placeUsers', () => scoring.placeUsers(...given)),
        close: () => scoring.close(),
      };
    },
  };
}
