import type { Engine, ScoringService } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { createServices } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { partner } from '../support/viewers.js';

const db = useTestDatabase();
const CODES = ['A', 'B', 'C', 'D'];

/** What the model says: nothing, or A is most like D, and places by how many products are owned. */
let tells = false;
const scoring = {
  load: async () => undefined,
  unload: async () => undefined,
  similarProducts: async (_handle: string, product: string) =>
    tells && product === 'A'
      ? [
          { product: 'gone', similarity: 0.9 },
          { product: 'D', similarity: 0.8 },
          { product: 'B', similarity: 0.1 },
        ]
      : undefined,
  placeUsers: async (_handle: string, rows: readonly { owned: readonly string[] }[]) =>
    tells
      ? rows.map(({ owned }) => Float32Array.of(Math.cos(owned.length / 5), Math.sin(owned.length / 5)))
      : undefined,
} as unknown as ScoringService;

let services: ReturnType<typeof createServices>;
let institution: string;
let viewer: Viewer;
const users: Record<string, string> = {};
const products: Record<string, string> = {};

beforeAll(async () => {
  services = createServices(db.database, { scoring } as Pick<Engine, 'train' | 'scoring'>);
  institution = await createInstitution(db.database);
  viewer = partner(institution, ['recommendations:read', 'users:write', 'models:read', 'models:write']);
  for (const [place, code] of CODES.entries())
    products[code] = await createProduct(db.database, institution, {
      code,
      name: code,
      type: place < 2 ? 'fund' : 'loan',
      risk_class: 1 + place,
    });
  const holdings: Record<string, string> = { one: 'AB', twin: 'AB', other: 'BCD', stranger: 'CD', nobody: '' };
  for (const [name, codes] of Object.entries(holdings)) users[name] = await own(institution, codes, products);
  // The same products at another institution.
  const theirs = await createInstitution(db.database);
  const same: Record<string, string> = {};
  for (const code of ['A', 'B']) same[code] = await createProduct(db.database, theirs, { code });
  users.foreign = await own(theirs, 'AB', same);
  await services.models.add(
    viewer,
    institution,
    {
      task: 'interest',
      model: 'ease',
      contract: { version: 1, features: [], products: ['A', 'B', 'C', 'D', 'gone'], scale: 1 },
      weights: Uint8Array.of(1),
      metrics: {},
      training: {},
    },
    true,
  );
});

async function own(institutionId: string, codes: string, ids: Record<string, string>): Promise<string> {
  const user = await createUser(db.database, institutionId);
  for (const code of codes)
    await db.database.tenant(institutionId, (manager) =>
      manager.query('insert into concord.holdings (institution_id, user_id, product_id) values ($1, $2, $3)', [
        institutionId,
        user,
        ids[code],
      ]),
    );
  return user;
}

const likeProducts = async (code: string, first = 10) =>
  (await services.likeness.products(viewer, await services.products.one(viewer, products[code]), first)).map(
    ({ product, source }) => [product.code, source],
  );
const likeUsers = async (name: string, first = 10) =>
  (await services.likeness.users(viewer, users[name], first)).map(({ userId, source, inCommon }) => [
    Object.keys(users).find((each) => users[each] === userId),
    source,
    inCommon,
  ]);

describe('where the model can tell', () => {
  beforeAll(() => {
    tells = true;
  });

  test('products are like another as it has learnt it; those that are no longer offered are left out', async () => {
    expect(await likeProducts('A')).toEqual([
      ['D', 'model'],
      ['B', 'model'],
    ]);
    expect(await likeProducts('A', 1)).toEqual([['D', 'model']]);
  });

  test('users are near another where it places them', async () => {
    expect(await likeUsers('one')).toEqual([
      ['twin', 'model', 2],
      ['other', 'model', 1],
    ]);
  });

  test('a product that it does not know is compared by content', async () => {
    expect((await likeProducts('B'))[0]).toEqual(['A', 'content']);
  });
});

describe('where it cannot', () => {
  beforeAll(() => {
    tells = false;
  });

  test('products are compared by content, and users by what they hold', async () => {
    expect(await likeProducts('A', 1)).toEqual([['B', 'content']]);
    const [nearest, ...equal] = await likeUsers('other');
    expect(nearest).toEqual(['stranger', 'holdings', 2]);
    // Who is equally alike comes in the order of the ids, which are drawn.
    expect(equal.sort()).toEqual([
      ['one', 'holdings', 1],
      ['twin', 'holdings', 1],
    ]);
  });

  test('nobody is like a user who holds nothing', async () => {
    expect(await likeUsers('nobody')).toEqual([]);
  });
});

test('nobody of another institution is ever among them, nor can be asked about', async () => {
  expect((await likeUsers('one')).flat()).not.toContain('foreign');
  await expect(services.likeness.users(viewer, users.foreign, 5)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('it takes the scope that reading recommendations takes', async () => {
  const stranger = partner(institution, ['users:write']);
  await expect(services.likeness.users(stranger, users.one, 5)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const product = await services.products.one(viewer, products.A);
  await expect(services.likeness.products(stranger, product, 5)).rejects.toMatchObject({ code: 'FORBIDDEN' });
});
