import fc from 'fast-check';
import { ErasuresService } from '../../src/erasure/erasures.service.js';
import { type Connection, connectionOf, decodeCursor, type Edge, encodeCursor } from '../../src/graphql/relay.js';
import { PRODUCT_ORDERS, ProductsService, type ProductValues } from '../../src/products/products.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { partner } from '../support/viewers.js';

const db = useTestDatabase();

/** Values that tie often, that are missing, and that floating point writes in a long way. */
const number = fc.option(
  fc.oneof(fc.constantFrom(0, 0.1, 0.30000000000000004, 1e-9, 3), fc.double({ min: 0, max: 10, noNaN: true })),
);
const product = fc.record({
  name: fc.constantFrom('a', 'B', 'ä', 'a b', 'Z', '_'),
  riskClass: fc.integer({ min: 1, max: 5 }),
  expectedYield: number,
  volatility: number,
  termMonths: fc.option(fc.integer({ min: 0, max: 3 })),
  minimumAmount: fc.integer({ min: 0, max: 300 }).map((cents) => cents / 100),
});

const runs = { seed: 20260617, numRuns: 12 };

test('pages of products in any order hold each product once, as one long page does', async () => {
  const products = new ProductsService({ database: db.database });
  await fc.assert(
    fc.asyncProperty(
      fc.array(product, { minLength: 1, maxLength: 25 }),
      fc.constantFrom(...PRODUCT_ORDERS),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      async (rows, by, descending, first) => {
        const viewer = partner(await createInstitution(db.database));
        await products.upsert(
          viewer,
          rows.map(
            (row, i): ProductValues => ({
              ...row,
              code: `P${i}`,
              type: 'fund',
              minimumHorizonMonths: 0,
              requiredKnowledge: 0,
              currency: 'EUR',
              attributes: {},
              active: true,
            }),
          ),
        );
        const whole = await products.list(viewer, {}, { by, descending }, { first: 100 });
        expect(new Set(whole.map((row) => row.product.code)).size).toBe(rows.length);
        const values = whole.map((row) => row.product[by]).filter((value) => value !== null);
        expect(whole.findIndex((row) => row.product[by] === null)).toBe(
          values.length < rows.length ? values.length : -1,
        );
        for (let i = 1; typeof values[0] === 'number' && i < values.length; i++)
          expect(descending ? values[i - 1] >= values[i] : values[i - 1] <= values[i]).toBe(true);
        const walked = await walk((after) =>
          products
            .list(
              viewer,
              {},
              { by, descending },
              { first, after: after && { value: String(after[0]), id: String(after[1]) } },
            )
            .then((page) =>
              connectionOf(
                page,
                { first },
                ({ key }) => [key.value, key.id],
                (row) => row.product.code,
              ),
            ),
        );
        expect(walked).toEqual(whole.map((row) => row.product.code));
      },
    ),
    runs,
  );
});

test('pages of users hold each user once, whatever the external ids are', async () => {
  const users = new UsersService({
    database: db.database,
    products: new ProductsService({ database: db.database }),
    erasures: new ErasuresService({ database: db.database }),
  });
  const externalId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !text.includes('\0'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(externalId, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      async (ids, first) => {
        const viewer = partner(await createInstitution(db.database));
        await users.upsert(
          viewer,
          ids.map((id) => ({ externalId: id })),
        );
        const walked = await walk((after) =>
          users.list(viewer, {}, { first, after: after && String(after[0]) }).then((page) =>
            connectionOf(
              page,
              { first },
              (user) => [user.externalId],
              (user) => user.externalId,
            ),
          ),
        );
        expect(walked.length).toBe(ids.length);
        expect([...walked].sort()).toEqual([...ids].sort());
      },
    ),
    runs,
  );
});

test('a cursor holds what went into it', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      const expected = values.map((each) => (Object.is(each, -0) ? 0 : each));
      expect(decodeCursor(encodeCursor(values), values.length)).toEqual(expected);
    }),
    { seed: 20260617, numRuns: 200 },
  );
});

/** All nodes, page by page, each page asked for by the last cursor of the one before as a client has it: as text. */
async function walk<T>(page: (after: ReturnType<typeof decodeCursor> | undefined) => Promise<Connection<T, Edge<T>>>) {
  const nodes: T[] = [];
  for (let after: ReturnType<typeof decodeCursor> | undefined; ; ) {
    const { edges, pageInfo } = await page(after);
    nodes.push(...edges.map((edge) => edge.node));
    if (!pageInfo.hasNextPage) return nodes;
    const cursor = pageInfo.endCursor!;
    after = decodeCursor(cursor, JSON.parse(Buffer.from(cursor, 'base64url').toString()).length);
  }
}
