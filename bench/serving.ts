import { type Benchmark, type Result, round } from './benchmark.js';
import { type LoadFigures, load, post } from './load.js';
import { type RunningServer, startBareServer, startServer } from './server.js';

const CONNECTIONS = 16;
const USERS = 500;

const LIST = `{ products(first: 10) { edges { node {
  id code name type riskClass expectedYield volatility termMonths minimumAmount minimumHorizonMonths requiredKnowledge currency
} } pageInfo { endCursor hasNextPage } } }`;
const PROFILE =
  'query ($userId: ID!) { profile(userId: $userId) { eventCount tags { tag rule } features { name value } } }';
const RECOMMENDATIONS = `query ($userId: ID!) { recommendations(userId: $userId, first: 3) { id edges { rank score
  product { code name type riskClass } suitability { suitable } } } }`;
const WITH_REASONS = `query ($userId: ID!) { recommendations(userId: $userId, first: 3) { id edges { rank score
  product { code name type riskClass } reasons { feature contribution text } suitability { suitable } } } }`;
const RISK = 'query ($userId: ID!) { assessRisk(userId: $userId) { probability class reasons { text } } }';

/** A running server under load from another process, over 16 connections. */
export const serving: Benchmark = {
  description: 'requests/s and latencies of a running server; a plain list relative to bare node:http',
  async run({ seconds, progress }) {
    const server = await startServer(progress);
    try {
      const results: Result[] = [{ name: 'first start until ready', value: round(server.startSeconds), unit: 's' }];
      const headers = { authorization: `Bearer ${server.token}` };
      const users = await userIds(server);
      const measure = async (name: string, query: string): Promise<LoadFigures> => {
        progress(name);
        const body = (n: number) => JSON.stringify({ query, variables: { userId: users[n % users.length] } });
        const options = { url: server.url, headers, body, connections: CONNECTIONS };
        await load({ ...options, seconds: Math.min(2, seconds) }); // not counted: code becomes warm, documents are compiled
        const figures = await load({ ...options, seconds });
        results.push(...rowsOf(name, figures));
        return figures;
      };
      const list = await measure('products, a list of 10', LIST);
      const bare = await measureBare(server, seconds, progress);
      results.push(...rowsOf('the same bytes from bare node:http', bare));
      const ratio = list.perSecond / bare.perSecond;
      results.push({ name: 'products, relative to bare node:http', value: round(ratio, 3), unit: 'ratio' });
      await measure('profile', PROFILE);
      await measure('recommendations, 3 products', RECOMMENDATIONS);
      await measure('recommendations, 3 products with reasons', WITH_REASONS);
      await measure('assessRisk of a user', RISK);
      return results;
    } finally {
      await server.stop();
    }
  },
};

const rowsOf = (name: string, { perSecond, p50, p99 }: LoadFigures): Result[] => [
  { name, value: round(perSecond, 0), unit: 'requests/s' },
  { name: `${name}, median`, value: round(p50), unit: 'ms' },
  { name: `${name}, p99`, value: round(p99), unit: 'ms' },
];

async function measureBare(server: RunningServer, seconds: number, progress: (text: string) => void) {
  progress('bare node:http');
  const headers = { authorization: `Bearer ${server.token}` };
  const body = JSON.stringify({ query: LIST });
  const { text } = await post(server.url, headers, body);
  const bare = await startBareServer(text);
  try {
    const options = { url: bare.url, headers, body: () => body, connections: CONNECTIONS };
    await load({ ...options, seconds: Math.min(1, seconds) });
    return await load({ ...options, seconds });
  } finally {
    await bare.stop();
  }
}

interface UsersPage {
  readonly users: { readonly edges: { node: { id: string } }[]; readonly pageInfo: { endCursor: string } };
}

/** Ids of some users. */
export async function userIds(server: RunningServer): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  while (ids.length < USERS) {
    const page: UsersPage = await server.query(
      'query ($after: String) { users(first: 100, after: $after) { edges { node { id } } pageInfo { endCursor } } }',
      { after },
    );
    if (page.users.edges.length === 0) break;
    ids.push(...page.users.edges.map(({ node }) => node.id));
    after = page.users.pageInfo.endCursor;
  }
  return ids;
}
