import { toGlobalId } from '../graphql/relay.js';
import { CLIENTS, type ClientKind } from '../graphql/viewer.js';
import type { BuiltInIssuer } from './auth/issuer.js';
import { localViewer } from './composition.js';
import type { Services } from './services.js';

/** What `serve` prints when it is ready. */
export interface Welcome {
  readonly address: string;
  readonly graphql: string;
  readonly graphiql: string | null;
  /** One for each kind of client; none where an OIDC issuer is configured, or in production. */
  readonly tokens: Readonly<Partial<Record<ClientKind, string>>>;
  /** To paste; with the ids of a user and a product that exist. */
  readonly queries: readonly { readonly title: string; readonly client: ClientKind; readonly query: string }[];
  /** What goes on beside; null: nothing. */
  readonly note: string | null;
}

const TOKEN_SECONDS = 7 * 24 * 3600;

export interface WelcomeOptions {
  readonly address: string;
  readonly console: boolean;
  readonly audience: string;
  /** Undefined: no tokens are shown. */
  readonly issuer: BuiltInIssuer | undefined;
  /** Nodes of the demo train together, or have done so. */
  readonly demoNodes: boolean;
}

const NOTE =
  'Three demo nodes now train a model together: processes of their own, over HTTP, with differential privacy. In about a minute it serves; the log tells of each round.';

export async function createWelcome(services: Services, options: WelcomeOptions): Promise<Welcome> {
  const { address, console, audience, issuer, demoNodes } = options;
  const [institution] = await services.institutions.list(localViewer(), { first: 1 });
  const tokens: Partial<Record<ClientKind, string>> = {};
  for (const client of issuer ? CLIENTS : []) {
    const scoped = client !== 'auditor' && institution;
    if (!scoped && (client === 'partner' || client === 'node')) continue; // there is no institution yet
    tokens[client] = await issuer?.issue({
      client,
      institution: scoped ? institution.code : undefined,
      audience,
      expiresInSeconds: TOKEN_SECONDS,
    });
  }
  return {
    address,
    graphql: `${address}/graphql`,
    graphiql: console ? `${address}/graphiql${tokens.partner ? `#token=${tokens.partner}` : ''}` : null,
    tokens,
    queries: institution
      ? [...(await exampleQueries(services, institution.id)), ...(demoNodes ? [madeOf(institution.id)] : [])]
      : [],
    note: demoNodes && (await isTraining(services)) ? NOTE : null,
  };
}

/** A run is under way, or about to be: nodes of the demo train once. */
async function isTraining({ federation }: Services): Promise<boolean> {
  const [run] = await federation.runs.list(localViewer(), 1);
  return run === undefined || run.status === 'running';
}

async function exampleQueries(services: Services, institutionId: string): Promise<Welcome['queries']> {
  const viewer = localViewer(institutionId);
  const [user] = await services.users.list(viewer, { questionnaire: 'valid' }, { first: 1 });
  const [product] = (await services.products.catalogue(viewer)).products;
  if (!user || !product) return [];
  const userId = JSON.stringify(toGlobalId('User', user.id));
  const productId = JSON.stringify(toGlobalId('Product', product.id));
  return [
    {
      title: 'What to recommend to a user, and why',
      client: 'partner',
      query: `{ recommendations(userId: ${userId}, first: 3) { id edges { rank score product { name type riskClass } reasons { text } suitability { suitable } } } }`,
    },
    {
      title: 'How risky a product is for this user',
      client: 'partner',
      query: `{ assessRisk(userId: ${userId}, productId: ${productId}) { probability class reasons { text } } }`,
    },
    {
      title: 'Who the users are',
      client: 'partner',
      query:
        '{ users(first: 5) { edges { node { id externalId profile { tags { tag rule } } } } pageInfo { endCursor } } }',
    },
  ];
}

function madeOf(institutionId: string): Welcome['queries'][number] {
  const id = JSON.stringify(toGlobalId('Institution', institutionId));
  return {
    title: 'What the model that recommends was made of, and what an institution has spent on it',
    client: 'auditor',
    query: `{ activeModel(task: INTEREST) { number lineage(first: 1) { round { number metrics { name value } } contributions { institution weight epsilon } } } privacyBudget(institutionId: ${id}) { cap { epsilon delta } spent { pld } remaining } }`,
  };
}

/** @returns the welcome as text */
export function renderWelcome({ graphql, graphiql, tokens, queries, note }: Welcome): string {
  const shown = Object.entries(tokens).map(([client, token]) => `Token of ${an(client)}:\n  ${token}`);
  const partner = tokens.partner;
  const curl = partner && queries[0] ? curlOf(graphql, queries[0].query) : undefined;
  return [
    `Concord is ready: ${graphql}`,
    ...(graphiql ? [`GraphiQL, with the partner's token:\n  ${graphiql}`] : []),
    ...shown,
    ...queries.map(({ title, client, query }, i) => `${i + 1}. ${title} (${client}):\n  ${query}`),
    ...(curl ? [`The first by curl, with TOKEN set to the partner's token:\n  ${curl}`] : []),
    ...(note ? [note] : []),
    'Ctrl-C stops it.',
  ].join('\n\n');
}

const an = (client: string) => `${/^[aeo]/.test(client) ? 'an' : 'a'} ${client}`;

const curlOf = (url: string, query: string) =>
  `curl -s ${url} -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;
