// A bank's application in sixty lines: recommends, records what the user did, recommends again, and gives feedback.
//
//   node examples/client/recommend.mjs TOKEN [http://127.0.0.1:4000/graphql]
//
// TOKEN is a partner's token: `concord serve` prints one, and so does
// `npm run --silent concord -- token --client partner --institution tarnbrook-bank`.
import { readFile } from 'node:fs/promises';

const [token, url = 'http://127.0.0.1:4000/graphql'] = process.argv.slice(2);
if (!token) {
  process.stderr.write('Give a token: node examples/client/recommend.mjs TOKEN [URL]\n');
  process.exit(2);
}

/** Sends one of the operations of examples/queries. Throws the first error of the answer, with its code and id. */
async function send(name, variables = {}) {
  const query = await readFile(new URL(`../queries/${name}.graphql`, import.meta.url), 'utf8');
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${errors[0].extensions?.code} ${errors[0].extensions?.id}: ${errors[0].message}`);
  return data;
}

function print({ recommendations: { strategy, edges } }) {
  process.stdout.write(`${edges.length} recommendations (${strategy})\n`);
  for (const { rank, score, product, reasons } of edges) {
    process.stdout.write(`${rank}. ${product.name}, risk class ${product.riskClass}, score ${score.toFixed(3)}\n`);
    for (const { text } of reasons.slice(0, 2)) process.stdout.write(`     ${text}\n`);
  }
}

const { users } = await send('users', { first: 1 });
const user = users.edges[0].node;
process.stdout.write(`User ${user.externalId} owns ${user.holdings.map(({ product }) => product.name).join(', ')}\n`);

const before = await send('recommendations', { userId: user.id, first: 3 });
print(before);

// The user looks at the third one for two minutes: the next answer sees it.
const looked = before.recommendations.edges.at(-1).product;
const event = { userId: user.id, productId: looked.id, type: 'VIEW', durationSeconds: 120 };
const occurredAt = new Date().toISOString();
await send('record-events', { events: [{ ...event, eventId: `example-${occurredAt}`, occurredAt }] });
process.stdout.write(`\nThe user looked at ${looked.name} for two minutes.\n`);
print(await send('recommendations', { userId: user.id, first: 3 }));

const feedback = { recommendationId: before.recommendations.id, productId: looked.id, kind: 'CLICKED' };
const { recordFeedback } = await send('record-feedback', feedback);
process.stdout.write(`\nFeedback recorded: ${recordFeedback.feedback.kind} ${looked.name}\n`);
