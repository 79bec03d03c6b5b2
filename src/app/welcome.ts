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
  readonly queries: readonly { readonly title: string; readonly query: string }[];
}

const TOKEN_SECONDS = 7 * 24 * 3600;

export interface WelcomeOptions {
  readonly address: string;
  readonly console: boolean;
  readonly audience: string;
  /** Undefined: no tokens are shown. */
  readonly issuer: BuiltInIssuer | undefined;
}

export async function createWelcome(services: Services, options: WelcomeOptions): Promise<Welcome> {
  const { address, console, audience, issuer } = options;
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
    queries: institution ? await exampleQueries(services, institution.id) : [],
  };
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
      query: `{ recommendations(userId: ${userId}, first: 3) { id edges { rank score product { name type riskClass } reasons { text } suitability { suitable } } } }`,
    },
    {
      title: 'How risky a product is for this user',
      query: `{ assessRisk(userId: ${userId}, productId: ${productId}) { probability class reasons { text } } }`,
    },
    {
      title: 'Who the users are',
      query:
        '{ users(first: 5) { edges { node { id externalId profile { tags { tag rule } } } } pageInfo { endCursor } } }',
    },
  ];
}

/** @returns the welcome as text */
export function renderWelcome({ graphql, graphiql, tokens, queries }: Welcome): string {
  const shown = Object.entries(tokens).map(([client, token]) => `Token of ${an(client)}:\n  ${token}`);
  const partner = tokens.partner;
  const curl = partner && queries[0] ? curlOf(graphql, queries[0].query) : undefined;
  return [
    `Concord is ready: ${graphql}`,
    ...(graphiql ? [`GraphiQL, with the partner's token:\n  ${graphiql}`] : []),
    ...shown,
    ...queries.map(({ title, query }, i) => `${i + 1}. ${title} (partner):\n  ${query}`),
    ...(curl ? [`The first by curl, with TOKEN set to the partner's token:\n  ${curl}`] : []),
    'Ctrl-C stops it.',
  ].join('\n\n');
}

const an = (client: string) => `${/^[aeo]/.test(client) ? 'an' : 'a'} ${client}`;

const curlOf = (url: string, query: string) =>
  `curl -s ${url} -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;
