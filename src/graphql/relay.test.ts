import { randomUUID } from 'node:crypto';
import { connectionOf, decodeCursor, encodeCursor, fromGlobalId, parseGlobalId, toGlobalId } from './relay.js';

const encode = (text: string) => Buffer.from(text).toString('base64url');

describe('global ids', () => {
  it('come back as they went', () => {
    const id = randomUUID();
    expect(fromGlobalId('User', toGlobalId('User', id))).toBe(id);
  });

  it('of another type are named as such', () => {
    expect(() => fromGlobalId('User', toGlobalId('Product', randomUUID()))).toThrow(
      'The id of a User is asked for here',
    );
  });

  it.each([
    '',
    'x',
    'User:1',
    encode('User'),
    encode('User:1'),
    encode(`:${randomUUID()}`),
    encode(`User:${randomUUID().toUpperCase()}`),
    `${toGlobalId('User', randomUUID())}==`,
    encode(`User:${randomUUID()}x`),
    'é'.repeat(40),
  ])('are refused where they are none: %p', (id) => {
    expect(parseGlobalId(id)).toBeUndefined();
    expect(() => fromGlobalId('User', id)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});

describe('cursors', () => {
  it('hold a sort key', () => {
    expect(decodeCursor(encodeCursor(['ü', 1.5, null]), 3)).toEqual(['ü', 1.5, null]);
  });

  it.each([
    '',
    'x',
    encode('{}'),
    encode('[1]'),
    encode('[1,2,3]'),
    encode('[1,{}]'),
    encode('[1,true]'),
    'W'.repeat(5000),
  ])('are refused where they are none: %p', (cursor) =>
    expect(() => decodeCursor(cursor, 2)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' })));
});

describe('connectionOf', () => {
  const page = (rows: number[], first: number, after?: string) =>
    connectionOf(
      rows,
      { first, after },
      (row) => [row],
      (row) => `n${row}`,
    );

  it('tells by one row too many that there are more', () => {
    const { edges, pageInfo } = page([1, 2, 3], 2);
    expect(edges.map(({ node }) => node)).toEqual(['n1', 'n2']);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: encodeCursor([1]),
      endCursor: encodeCursor([2]),
    });
  });

  it('may be empty', () => {
    expect(page([], 2, 'x').pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    });
  });
});
