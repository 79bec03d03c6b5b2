import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import { costFormula } from './cost.js';

const schema = buildSchema(`
  type Query { users(first: Int! = 20): UserConnection! user(id: ID): User nodes(ids: [ID!]!): [User]! tags: [Tag!]! }
  type Mutation { record(input: Input!): Boolean }
  input Input { events: [String!]! }
  type UserConnection { edges: [UserEdge!]! total: Int }
  type UserEdge { node: User! cursor: String }
  type User { id: ID friends(first: Int): UserConnection tags: [Tag!]! }
  type Tag { name: String }
`);

function costOf(text: string, variables: Record<string, unknown> = {}): number {
  const document = parse(text);
  return costFormula(schema, document, document.definitions[0] as OperationDefinitionNode)(variables);
}

describe('costFormula', () => {
  it('counts one for each field of one node', () => {
    expect(costOf('{ user { id } }')).toBe(2);
    expect(costOf('{ __typename user { __typename id } }')).toBe(2);
  });

  it('multiplies by page sizes: literal, variable, default of the variable, default of the schema', () => {
    const page = (size: number) => 1 + size * 3; // users, and edges + node + id of each
    expect(costOf('{ users(first: 7) { edges { node { id } } } }')).toBe(page(7));
    expect(costOf('query ($n: Int!) { users(first: $n) { edges { node { id } } } }', { n: 9 })).toBe(page(9));
    expect(costOf('query ($n: Int! = 4) { users(first: $n) { edges { node { id } } } }')).toBe(page(4));
    expect(costOf('{ users { edges { node { id } } } }')).toBe(page(20));
  });

  it('multiplies nested pages', () => {
    const text = '{ users(first: 10) { edges { node { friends(first: 10) { edges { node { id } } } } } } }';
    expect(costOf(text)).toBe(1 + 10 * (1 + 1 + (1 + 10 * 3)));
  });

  it('multiplies by the length of a list that is asked for, and takes five where nothing says', () => {
    expect(costOf('{ nodes(ids: ["a", "b", "c"]) { id } }')).toBe(1 + 3 + 3);
    expect(costOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b'] })).toBe(1 + 2 + 2);
    expect(costOf('{ tags { name } }')).toBe(1 + 5);
  });

  it('counts the items of lists in the input', () => {
    const text = 'mutation ($input: Input!) { record(input: $input) }';
    expect(costOf(text, { input: { events: Array(50).fill('x') } })).toBe(51);
  });

  it('follows fragments, and what does not fit counts as little as it will do', () => {
    expect(
      costOf('{ ...f } fragment f on Query { users(first: 2) { ...g } } fragment g on UserConnection { total }'),
    ).toBe(3);
    expect(costOf('query ($n: Int!) { users(first: $n) { total } }', { n: 'many' })).toBe(21);
    expect(costOf('query ($n: Int!) { users(first: $n) { total } }', { n: -5 })).toBe(1);
    expect(costOf('{ __schema { types { name } } }')).toBe(1000);
  });
});
