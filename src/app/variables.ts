import { resolve } from 'node:path';
import { BACKENDS } from '../engine/backends/backend.js';
import { ConcordError } from '../errors.js';

/** One environment variable: the source of validation, of `concord doctor`, of --help, and of docs/configuration.md. */
export interface Variable<T> {
  readonly name: string;
  readonly group: 'Server' | 'Database' | 'Models' | 'Demo' | 'Tokens' | 'Limits';
  readonly description: string;
  /** What holds when it is unset, in the same text that one would set; undefined: nothing. */
  readonly fallback: string | undefined;
  /** What may be written, in words. */
  readonly allowed: string;
  /** Never shown. */
  readonly secret: boolean;
  /** @throws {ConcordError} CONFIGURATION naming the variable. */
  readonly parse: (text: string) => T;
}

type About = Pick<Variable<unknown>, 'name' | 'group' | 'description'> & { fallback?: string };

/** The value itself is not repeated: it may be a secret that stands in the wrong place. */
const wrong = (name: string, allowed: string) => new ConcordError('CONFIGURATION', `${name} must be ${allowed}.`);

function variable<T>(
  about: About,
  allowed: string,
  parse: (text: string) => T | undefined,
  secret = false,
): Variable<T> {
  return {
    ...about,
    fallback: about.fallback,
    allowed,
    secret,
    parse(text) {
      const value = parse(text.trim());
      if (value === undefined) throw wrong(about.name, allowed);
      return value;
    },
  };
}

const integer = (about: About & { fallback: string }, least: number, most: number): Variable<number> =>
  variable(about, `a whole number from ${least} to ${most}`, (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
  });

const probability = (about: About & { fallback: string }): Variable<number> =>
  variable(about, 'a number between 0 and 1, both excluded', (text) => {
    const value = Number(text);
    return /^\d*\.\d+$/.test(text) && value > 0 && value < 1 ? value : undefined;
  });

const oneOf = <const T extends string>(about: About & { fallback: string }, values: readonly T[]): Variable<T> =>
  variable(about, `one of ${values.join(', ')}`, (text) => values.find((value) => value === text.toLowerCase()));

const url = (about: About, protocols: readonly string[], secret = false): Variable<string | undefined> =>
  variable<string | undefined>(
    about,
    `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    (text) => {
      const parsed = URL.canParse(text) ? new URL(text) : undefined;
      return parsed && protocols.includes(parsed.protocol) ? text : undefined;
    },
    secret,
  );

const text = (about: About & { fallback: string }, allowed: string): Variable<string> =>
  variable(about, allowed, (value) => value || undefined);

const POSTGRES = ['postgres:', 'postgresql:'];
const WEB = ['https:', 'http:'];

/** Every variable that Concord reads. */
export const VARIABLES = {
  environment: oneOf(
    {
      name: 'CONCORD_ENV',
      group: 'Server',
      fallback: 'development',
      description:
        'In production there is no GraphiQL and no demo, and introspection is for auditors and operators. Unset, NODE_ENV=production means production.',
    },
    ['development', 'production'],
  ),
  port: integer(
    { name: 'PORT', group: 'Server', fallback: '4000', description: 'TCP port; 0 takes any free one.' },
    0,
    65535,
  ),
  host: text(
    {
      name: 'HOST',
      group: 'Server',
      fallback: '127.0.0.1',
      description: 'Address to listen on; 0.0.0.0 for all interfaces.',
    },
    'a host name or address',
  ),
  publicUrl: url(
    {
      name: 'CONCORD_PUBLIC_URL',
      group: 'Server',
      description:
        'The address under which clients reach the server, where a proxy stands before it: what DPoP proofs must name.',
    },
    WEB,
  ),
  dataDir: variable(
    {
      name: 'CONCORD_DATA_DIR',
      group: 'Server',
      fallback: '.concord',
      description: 'Folder for the embedded database and the key of the built-in token issuer.',
    },
    'a path',
    (value) => (value && !value.includes('\0') ? resolve(value) : undefined),
  ),
  logLevel: oneOf(
    {
      name: 'CONCORD_LOG_LEVEL',
      group: 'Server',
      fallback: 'info',
      description: 'The least important log lines that are written.',
    },
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  ),
  drainSeconds: integer(
    {
      name: 'CONCORD_DRAIN_SECONDS',
      group: 'Server',
      fallback: '15',
      description: 'How long requests in flight may take to end after SIGTERM or Ctrl-C.',
    },
    0,
    3600,
  ),
  bodyLimit: integer(
    {
      name: 'CONCORD_BODY_LIMIT',
      group: 'Limits',
      fallback: '1048576',
      description: 'The largest request body, in bytes.',
    },
    1024,
    268_435_456,
  ),
  databaseUrl: url(
    {
      name: 'DATABASE_URL',
      group: 'Database',
      description:
        'PostgreSQL 15 or later, as a role that may create the schema "concord" and the role concord_app. Unset: the embedded PostgreSQL in the data folder.',
    },
    POSTGRES,
    true,
  ),
  databaseAppUrl: url(
    {
      name: 'DATABASE_APP_URL',
      group: 'Database',
      description:
        'The same database as the role that serves requests and cannot bypass row level security. Unset: DATABASE_URL, as the role concord_app.',
    },
    POSTGRES,
    true,
  ),
  databasePool: integer(
    {
      name: 'CONCORD_DATABASE_POOL',
      group: 'Database',
      fallback: '10',
      description: 'The most connections that serve requests.',
    },
    1,
    500,
  ),
  backend: oneOf(
    {
      name: 'CONCORD_BACKEND',
      group: 'Models',
      fallback: 'auto',
      description:
        'What computes models; auto takes the first of the list that works here. `concord doctor` says which and why.',
    },
    ['auto', ...BACKENDS],
  ),
  riskMedium: probability({
    name: 'CONCORD_RISK_MEDIUM',
    group: 'Models',
    fallback: '0.1',
    description: 'From this probability on a risk is medium.',
  }),
  riskHigh: probability({
    name: 'CONCORD_RISK_HIGH',
    group: 'Models',
    fallback: '0.3',
    description: 'From this probability on a risk is high; above CONCORD_RISK_MEDIUM.',
  }),
  demo: oneOf(
    {
      name: 'CONCORD_DEMO',
      group: 'Demo',
      fallback: 'auto',
      description:
        'Generates three institutions and trains their models when the database is empty. auto: in development.',
    },
    ['auto', 'on', 'off'],
  ),
  demoFederation: oneOf(
    {
      name: 'CONCORD_DEMO_FEDERATION',
      group: 'Demo',
      fallback: 'auto',
      description:
        'After the first start of the demo three nodes, processes of their own, train a model together, which then serves. auto: where the demo is, and memory for them.',
    },
    ['auto', 'on', 'off'],
  ),
  oidcIssuer: url(
    {
      name: 'CONCORD_OIDC_ISSUER',
      group: 'Tokens',
      description:
        'The OpenID Connect issuer whose tokens are accepted; its keys are found by discovery. Unset: the built-in issuer, whose key is in the data folder.',
    },
    WEB,
  ),
  oidcAudience: text(
    {
      name: 'CONCORD_OIDC_AUDIENCE',
      group: 'Tokens',
      fallback: 'concord',
      description: 'The audience (aud) that a token must name.',
    },
    'a text',
  ),
  oidcJwksUrl: url(
    {
      name: 'CONCORD_OIDC_JWKS_URL',
      group: 'Tokens',
      description: "Where the issuer's keys are. Unset: found by discovery.",
    },
    WEB,
  ),
  clientClaim: text(
    {
      name: 'CONCORD_OIDC_CLIENT_CLAIM',
      group: 'Tokens',
      fallback: 'client',
      description: 'The claim that says which kind of client a token is for: partner, node, auditor or operator.',
    },
    'the name of a claim',
  ),
  institutionClaim: text(
    {
      name: 'CONCORD_OIDC_INSTITUTION_CLAIM',
      group: 'Tokens',
      fallback: 'institution',
      description: "The claim that names the client's institution, by its code or id.",
    },
    'the name of a claim',
  ),
  requireBoundTokens: oneOf(
    {
      name: 'CONCORD_REQUIRE_DPOP',
      group: 'Tokens',
      fallback: 'off',
      description:
        'on: only tokens bound to a key of the client (DPoP, RFC 9449) are accepted. A token that is bound is always checked.',
    },
    ['off', 'on'],
  ),
  clockTolerance: integer(
    {
      name: 'CONCORD_CLOCK_TOLERANCE_SECONDS',
      group: 'Tokens',
      fallback: '5',
      description: "How far the issuer's clock and ours may differ.",
    },
    0,
    300,
  ),
  maxDepth: integer(
    { name: 'CONCORD_MAX_DEPTH', group: 'Limits', fallback: '12', description: 'Levels of fields in one operation.' },
    1,
    100,
  ),
  maxFields: integer(
    {
      name: 'CONCORD_MAX_FIELDS',
      group: 'Limits',
      fallback: '500',
      description: 'Fields in one operation, fragments written out.',
    },
    1,
    100_000,
  ),
  maxAliases: integer(
    { name: 'CONCORD_MAX_ALIASES', group: 'Limits', fallback: '50', description: 'Aliases in one operation.' },
    0,
    100_000,
  ),
  maxRootFields: integer(
    {
      name: 'CONCORD_MAX_ROOT_FIELDS',
      group: 'Limits',
      fallback: '20',
      description: 'Fields at the root of one operation.',
    },
    1,
    10_000,
  ),
  maxDirectives: integer(
    { name: 'CONCORD_MAX_DIRECTIVES', group: 'Limits', fallback: '50', description: 'Directives in one operation.' },
    0,
    10_000,
  ),
  maxTokens: integer(
    { name: 'CONCORD_MAX_TOKENS', group: 'Limits', fallback: '2000', description: 'Lexical tokens of one document.' },
    100,
    1_000_000,
  ),
  maxCost: integer(
    {
      name: 'CONCORD_MAX_COST',
      group: 'Limits',
      fallback: '20000',
      description:
        'Cost of one operation: about one for each field of each node that can come back, page sizes multiplied.',
    },
    100,
    100_000_000,
  ),
  maxListLength: integer(
    {
      name: 'CONCORD_MAX_LIST_LENGTH',
      group: 'Limits',
      fallback: '10000',
      description: 'Items of one list in the input.',
    },
    1,
    1_000_000,
  ),
  rateCapacity: integer(
    {
      name: 'CONCORD_RATE_BURST',
      group: 'Limits',
      fallback: '1000000',
      description: 'Cost that one client may use at once, before it has to wait. 0: no rate limit.',
    },
    0,
    1_000_000_000,
  ),
  ratePerSecond: integer(
    {
      name: 'CONCORD_RATE_PER_SECOND',
      group: 'Limits',
      fallback: '100000',
      description: 'Cost that one client may use in a second, in the long run.',
    },
    1,
    1_000_000_000,
  ),
} as const;
