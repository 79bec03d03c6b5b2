import type { BackendName } from '../engine/backends/backend.js';
import { ConcordError } from '../errors.js';
import type { Limits } from '../graphql/limits.js';
import { nearest } from '../nearest.js';
import { VARIABLES, type Variable } from './variables.js';

type Value<K extends keyof typeof VARIABLES> = (typeof VARIABLES)[K] extends Variable<infer T> ? T : never;

/** Everything that the environment decides, checked. Nothing else in Concord reads the environment. */
export interface Config {
  readonly environment: Value<'environment'>;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl?: string;
    readonly bodyLimit: number;
    readonly drainMs: number;
    readonly logLevel: Value<'logLevel'>;
  };
  /** Absolute. */
  readonly dataDir: string;
  readonly database: { readonly url?: string; readonly appUrl?: string; readonly poolSize: number };
  /** Undefined: the best that works. */
  readonly backend?: BackendName;
  /** From which probability on a risk is medium, and from which high. */
  readonly risk: { readonly medium: number; readonly high: number };
  readonly demo: boolean;
  /** Whether demo nodes train. Off where there is no demo. */
  readonly demoFederation: Value<'demoFederation'>;
  readonly tokens: {
    /** Undefined: the built-in issuer. */
    readonly issuer?: string;
    readonly jwksUrl?: string;
    readonly audience: string;
    readonly clientClaim: string;
    readonly institutionClaim: string;
    readonly requireBound: boolean;
    readonly clockToleranceSeconds: number;
  };
  readonly limits: Limits;
  readonly rate: { readonly capacity: number; readonly perSecond: number };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env the process's own environment, unless a test gives another
 * @throws {ConcordError} CONFIGURATION: one sentence that names the variable.
 */
export function readConfig(env: Environment = process.env): Config {
  refuseUnknown(env);
  const values = readValues(env);
  const production = values.environment === 'production';
  if (values.databaseAppUrl && !values.databaseUrl) {
    throw new ConcordError('CONFIGURATION', 'DATABASE_APP_URL needs DATABASE_URL beside it: the role that migrates.');
  }
  if (values.oidcJwksUrl && !values.oidcIssuer) {
    throw new ConcordError('CONFIGURATION', 'CONCORD_OIDC_JWKS_URL needs CONCORD_OIDC_ISSUER beside it.');
  }
  if (values.riskMedium >= values.riskHigh) {
    throw new ConcordError('CONFIGURATION', 'CONCORD_RISK_HIGH must be above CONCORD_RISK_MEDIUM.');
  }
  const demo = values.demo === 'on' || (values.demo === 'auto' && !production);
  return {
    environment: values.environment,
    server: {
      host: values.host,
      port: values.port,
      publicUrl: values.publicUrl,
      bodyLimit: values.bodyLimit,
      drainMs: values.drainSeconds * 1000,
      logLevel: values.logLevel,
    },
    dataDir: values.dataDir,
    database: { url: values.databaseUrl, appUrl: values.databaseAppUrl, poolSize: values.databasePool },
    backend: values.backend === 'auto' ? undefined : values.backend,
    risk: { medium: values.riskMedium, high: values.riskHigh },
    demo,
    demoFederation: demo ? values.demoFederation : 'off',
    tokens: {
      issuer: values.oidcIssuer,
      jwksUrl: values.oidcJwksUrl,
      audience: values.oidcAudience,
      clientClaim: values.clientClaim,
      institutionClaim: values.institutionClaim,
      requireBound: values.requireBoundTokens === 'on',
      clockToleranceSeconds: values.clockTolerance,
    },
    limits: {
      depth: values.maxDepth,
      fields: values.maxFields,
      aliases: values.maxAliases,
      rootFields: values.maxRootFields,
      directives: values.maxDirectives,
      tokens: values.maxTokens,
      cost: values.maxCost,
      listLength: values.maxListLength,
    },
    rate: { capacity: values.rateCapacity, perSecond: values.ratePerSecond },
  };
}

type Values = { readonly [K in keyof typeof VARIABLES]: Value<K> };

/** An empty variable counts as unset, as it does in compose files and unit files. */
function readValues(env: Environment): Values {
  const defaults: Environment = env.NODE_ENV === 'production' ? { CONCORD_ENV: 'production' } : {};
  const read = (variable: Variable<unknown>) => {
    const text = env[variable.name] || defaults[variable.name] || variable.fallback;
    return text === undefined ? undefined : variable.parse(text);
  };
  return Object.fromEntries(
    Object.entries(VARIABLES).map(([key, variable]) => [key, read(variable as Variable<unknown>)]),
  ) as Values;
}

/** A name that is misspelt would be a setting that silently does not hold. */
function refuseUnknown(env: Environment): void {
  const known = Object.values(VARIABLES).map(({ name }) => name);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('CONCORD_') || known.includes(name as (typeof known)[number])) continue;
    const meant = nearest(name, known);
    const hint = meant ? `did you mean ${meant}?` : '`concord serve --help` lists those there are.';
    throw new ConcordError('CONFIGURATION', `There is no variable ${name}: ${hint}`);
  }
}
