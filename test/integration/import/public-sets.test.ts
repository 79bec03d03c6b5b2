import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset } from '../../../src/database/import/load-dataset.js';
import { readDescriptor } from '../../../src/database/import/read-descriptor.js';
import { type Dataset, FOLD } from '../../../src/engine/data/dataset.js';

/** Public data sets are no part of the repository: where they are not beside it, these tests are skipped, and say so. */
const SETS = join(import.meta.dirname, '../../../../shared/data');
const withSets = existsSync(SETS) ? describe : describe.skip;
const descriptorOf = (name: string) =>
  readDescriptor(join(import.meta.dirname, '../../../examples/descriptors', `${name}.json`));

async function load(name: string) {
  return loadDataset(await descriptorOf(name), join(SETS, name));
}

const foldsOf = ({ fold }: Dataset) =>
  [FOLD.train, FOLD.validation, FOLD.test].map((each) => fold!.filter((one) => one === each).length);
const positivesOf = ({ label }: Dataset) => label!.reduce((sum, each) => sum + each, 0);

/** What the most popular products reach: the protocol that all figures of a set share, seen from outside of the engine. */
function popularity({ size, fold, ownership }: Dataset) {
  const { products, offsets, items, heldOut } = ownership!;
  const owners = new Float64Array(products.length);
  const owned = (user: number) => items.subarray(offsets[user], offsets[user + 1]);
  for (let user = 0; user < size; user++)
    if (fold![user] === FOLD.train) for (const product of owned(user)) owners[product]!++;
  let [users, first, reciprocal] = [0, 0, 0];
  for (let user = 0; user < size; user++) {
    const hidden = heldOut[user]!;
    if (fold![user] !== FOLD.test || hidden < 0) continue;
    const candidates = [...products.keys()].filter((product) => product === hidden || !owned(user).includes(product));
    const above = candidates.filter((product) => owners[product]! > owners[hidden]!).length;
    const ties = candidates.filter((product) => product !== hidden && owners[product] === owners[hidden]).length;
    const rank = 1 + above + ties / 2;
    users++;
    if (rank <= 1) first++;
    reciprocal += 1 / rank;
  }
  return { users, 'recall@1': Number((first / users).toFixed(4)), mrr: Number((reciprocal / users).toFixed(4)) };
}

withSets('the descriptors of public sets give what the figures of others were reached on', () => {
  test('zimnat', async () => {
    const { dataset, report } = await load('zimnat');
    expect(report.tables).toMatchObject([{ read: 29_132, imported: 29_132 }]);
    expect(foldsOf(dataset)).toEqual([20_392, 2_913, 5_827]);
    expect(dataset.ownership!.products).toHaveLength(21);
    expect(popularity(dataset)).toEqual({ users: 5_827, 'recall@1': 0.7735, mrr: 0.8285 });
  });

  test('uci_default', async () => {
    const { dataset } = await load('uci_default');
    expect([dataset.size, positivesOf(dataset), dataset.columns.length]).toEqual([30_000, 6_636, 23]);
    expect(foldsOf(dataset)).toEqual([18_000, 6_000, 6_000]);
  });

  test('german_credit', async () => {
    const { dataset } = await load('german_credit');
    expect([dataset.size, positivesOf(dataset), dataset.columns.length]).toEqual([1_000, 300, 20]);
    expect(foldsOf(dataset)).toEqual([600, 200, 200]);
  });

  test('bank_marketing', async () => {
    const { dataset } = await load('bank_marketing');
    expect([dataset.size, positivesOf(dataset), dataset.columns.length]).toEqual([41_188, 4_640, 19]);
    expect(dataset.columns.map(({ name }) => name)).not.toContain('duration');
    expect(foldsOf(dataset)).toEqual([24_712, 8_238, 8_238]);
  });

  test('berka', async () => {
    const { dataset } = await load('berka');
    expect([dataset.size, dataset.ownership!.items.length]).toEqual([2_324, 6_241]);
    expect(popularity(dataset)).toEqual({ users: 698, 'recall@1': 0.5917, mrr: 0.7291 });
  });

  test('far_trans has nothing to learn from, and says so', async () => {
    await expect(load('far_trans')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('nothing to learn from'),
    });
  });
});
