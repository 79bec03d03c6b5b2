import {
  type ExecutionResult,
  GraphQLEnumType,
  GraphQLError,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { badInput } from '../../src/errors.js';
import type { Context } from '../../src/graphql/context.js';
import { describeError, formatApiError } from '../../src/graphql/errors.js';
import { createExecutor } from '../../src/graphql/execute.js';
import { AttributesScalar, DateTime } from '../../src/graphql/scalars.js';

/** graphql-jit compiles what comes a second time. What a client gets must not depend on how often it has asked. */

const Colour = new GraphQLEnumType({ name: 'Colour', values: { RED: { value: 'red' }, BLUE: { value: 'blue' } } });
const Thing = new GraphQLInterfaceType({
  name: 'Thing',
  fields: { id: { type: new GraphQLNonNull(GraphQLID) } },
  resolveType: (value: { kind: string }) => value.kind,
});
interface Animal {
  readonly name?: string;
  readonly must?: string;
}
const nodeFields = (): GraphQLFieldConfigMap<Animal, unknown> => ({
  id: { type: new GraphQLNonNull(GraphQLID) },
  name: { type: GraphQLString },
  slow: { type: GraphQLString, resolve: async (it) => `${it.name}!` },
  fails: { type: GraphQLString, resolve: () => fail('this field') },
  failsSlowly: { type: GraphQLString, resolve: async () => fail('this field, later') },
  must: { type: new GraphQLNonNull(GraphQLString), resolve: (it) => it.must },
  mustFail: { type: new GraphQLNonNull(GraphQLString), resolve: async () => fail('a field that must be') },
  friends: { type: new GraphQLList(Cat), resolve: () => [{ id: 1, name: 'a', must: 'x' }, null, { id: 2, name: 'b' }] },
  colour: {
    type: Colour,
    args: { of: { type: Colour, defaultValue: 'red' } },
    resolve: (_, { of }) => of,
  },
  number: { type: GraphQLFloat, resolve: () => Number.NaN },
  count: { type: GraphQLInt, resolve: () => 'many' },
});
const Cat: GraphQLObjectType = new GraphQLObjectType({ name: 'Cat', interfaces: [Thing], fields: nodeFields });
const Dog = new GraphQLObjectType({ name: 'Dog', interfaces: [Thing], fields: nodeFields });
const Pet = new GraphQLUnionType({
  name: 'Pet',
  types: [Cat, Dog],
  resolveType: (value: { kind: string }) => value.kind,
});
const Input = new GraphQLInputObjectType({
  name: 'Input',
  fields: {
    text: { type: new GraphQLNonNull(GraphQLString) },
    number: { type: GraphQLInt, defaultValue: 3 },
    list: { type: new GraphQLList(new GraphQLNonNull(GraphQLInt)) },
    at: { type: DateTime },
    attributes: { type: AttributesScalar },
  },
});
const Defaults = new GraphQLInputObjectType({
  name: 'Defaults',
  fields: {
    must: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 3 },
    colour: { type: new GraphQLNonNull(Colour), defaultValue: 'red' },
    may: { type: Colour, defaultValue: 'blue' },
  },
});
const Outer = new GraphQLInputObjectType({
  name: 'Outer',
  fields: { inner: { type: new GraphQLList(new GraphQLNonNull(Defaults)) } },
});
const cat = { kind: 'Cat', id: 'c1', name: 'Tom', must: 'yes' };
const dog = { kind: 'Dog', id: 'd1', name: 'Rex' };

function fail(what: string): never {
  throw badInput(`No luck with ${what}.`, { what });
}

const echo = {
  type: GraphQLString,
  args: {
    input: { type: Input },
    text: { type: GraphQLString, defaultValue: 'none' },
    ids: { type: new GraphQLList(GraphQLID) },
    defaults: { type: Defaults },
    outer: { type: Outer },
  },
  resolve: (_: unknown, args: object) => JSON.stringify(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))),
};
let log: string[] = [];
const step = (name: string) => ({
  type: GraphQLString,
  resolve: async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`${name} ends`);
    if (name === 'second') fail(name);
    return name;
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      echo,
      cat: { type: Cat, resolve: () => cat },
      mustCat: { type: new GraphQLNonNull(Cat), resolve: () => cat },
      pets: { type: new GraphQLList(Pet), resolve: async () => [cat, dog, Promise.resolve(cat)] },
      things: {
        type: new GraphQLList(Thing),
        resolve: () => [dog, new Error('one is broken'), badInput('so is another'), cat],
      },
      strange: { type: Pet, resolve: () => ({ kind: 'Mouse' }) },
      notAList: { type: new GraphQLList(Cat), resolve: () => 5 },
      nothing: { type: new GraphQLNonNull(GraphQLString), resolve: () => null },
      mustAll: { type: new GraphQLList(new GraphQLNonNull(Cat)), resolve: () => [cat, null] },
      throwsText: { type: GraphQLString, resolve: () => Promise.reject('just text') },
      viewer: {
        type: GraphQLString,
        resolve: (_: unknown, __: unknown, context: { requestId: string }) => context.requestId,
      },
    },
  }),
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: { first: step('first'), second: step('second'), third: step('third') },
  }),
  types: [Cat, Dog],
});

const CASES: readonly (readonly [query: string, variables?: Record<string, unknown>])[] = [
  ['{ cat { id name slow } }'],
  ['{ __typename cat { __typename } }'],
  ['{ a: cat { b: name } c: cat { b: id } }'],
  ['{ cat { fails } }'],
  ['{ cat { name failsSlowly } mustCat { id } }'],
  ['{ cat { mustFail } mustCat { id } }'],
  ['{ mustCat { mustFail } cat { id } }'],
  ['{ cat { friends { must name } } }'],
  ['{ cat { friends { fails mustFail } } }'],
  ['{ cat { friends { name slow } } }'],
  ['{ cat { number } }'],
  ['{ cat { count } }'],
  ['{ cat { colour } mustCat { colour(of: BLUE) } }'],
  ['query Q($c: Colour) { cat { colour(of: $c) } }', { c: 'BLUE' }],
  ['query Q($c: Colour) { cat { colour(of: $c) } }'],
  ['query Q($c: Colour = BLUE) { cat { colour(of: $c) } }'],
  ['query Q($c: Colour) { cat { colour(of: $c) } }', { c: 'GREEN' }],
  ['query Q($c: Colour) { cat { colour(of: $c) } }', { c: null }],
  ['{ pets { ... on Cat { name } ... on Dog { id name } } }'],
  ['{ pets { __typename ... on Thing { id } } }'],
  ['{ pets { ...cat ...dog } } fragment cat on Cat { id must } fragment dog on Dog { id must }'],
  ['{ things { id __typename } }'],
  ['{ strange { __typename } }'],
  ['{ notAList { id } }'],
  ['{ nothing }'],
  ['{ mustAll { id } }'],
  ['{ throwsText viewer }'],
  ['{ echo }'],
  ['{ echo(text: null) }'],
  ['{ echo(input: {text: "a", list: [1, 2]}) }'],
  ['{ echo(input: {text: "a", list: 7}, ids: "x") }'],
  ['{ echo(input: {text: "a", at: "2026-01-01T00:00:00Z", attributes: {a: 1, b: "x", c: null, d: true}}) }'],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a' } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 5 } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: {} }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', list: [1, null, 'x'] } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', extra: 1 } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', at: '9999-01-01T00:00:00Z' } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', at: 5 } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', attributes: { deep: { er: 1 } } } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', number: 1.5 } }],
  ['query Q($i: Input) { echo(input: $i) }', { i: { text: 'a', number: 2 ** 40 } }],
  ['query Q($i: Input!) { echo(input: $i) }'],
  ['query Q($i: Input!) { echo(input: $i) }', { i: null }],
  ['query Q($t: String!, $n: Int) { echo(input: {text: $t, number: $n}) }', { t: 'x' }],
  ['query Q($t: String!, $n: Int) { echo(input: {text: $t, number: $n}) }', { t: 'x', n: null }],
  ['query Q($ids: [ID]) { echo(ids: $ids) }', { ids: [1, 'a', null] }],
  ['query Q($t: String!, $l: [Int!], $at: DateTime) { echo(input: {text: $t, list: $l, at: $at}) }', { t: 'x' }],
  [
    'query Q($t: String!, $l: [Int!], $at: DateTime) { ...f } fragment f on Query { echo(input: {text: $t, list: $l, at: $at}) }',
    { t: 'x' },
  ],
  ['query Q($n: Int!, $id: ID) { echo(input: {text: "x", list: [1, $n]}, ids: [$id, "b"]) }', { n: 2 }],
  ['query Q($t: String, $i: Input, $ids: [ID]) { echo(input: $i, text: $t, ids: $ids) }'],
  ['query Q($d: Defaults!) { echo(defaults: $d) }', { d: {} }],
  ['query Q($d: Defaults!) { echo(defaults: $d) }', { d: { must: null } }],
  ['query Q($d: Defaults!) { echo(defaults: $d) }', { d: { must: 4, colour: 'BLUE', may: null } }],
  ['query Q($o: Outer) { echo(outer: $o) }', { o: { inner: [{}, { must: 1 }] } }],
  ['query Q($t: String! = "x") { echo(text: $t) }'],
  ['query Q($t: String! = "x") { echo(text: $t) }', { t: 'y' }],
  ['query Q($ids: [ID]) { echo(ids: $ids) }', { ids: 7 }],
  ['query Q($ids: [ID]) { echo(ids: $ids) }', { ids: [{}] }],
  ['query Q($y: Boolean!) { cat { id @include(if: $y) name @skip(if: $y) } }', { y: true }],
  ['query Q($y: Boolean!) { cat { id @include(if: $y) name @skip(if: $y) } }', { y: false }],
  [
    'query Q($y: Boolean!) { cat { ... @include(if: $y) { id } ...f @skip(if: $y) } } fragment f on Cat { name }',
    { y: true },
  ],
  [
    'query Q($y: Boolean!) { cat { ... @include(if: $y) { id } ...f @skip(if: $y) } } fragment f on Cat { name }',
    { y: false },
  ],
  ['query Q($y: Boolean!) { cat { id @include(if: $y) } }', { y: 'yes' }],
  ['query Q($y: Boolean!) { cat { id @include(if: $y) } }'],
  ['mutation { first second third }'],
  ['mutation { third a: second b: second first }'],
  ['{ __schema { queryType { name fields { name } } } }'],
  ['{ __type(name: "Cat") { name interfaces { name } } none: __type(name: "Nope") { name } }'],
  [
    '{ cat { ...a } } fragment a on Cat { ...b name } fragment b on Cat { id friends { ...c } } fragment c on Cat { name must }',
  ],
  ['{ ...q } fragment q on Query { viewer cat { id } }'],
];

const context: Context = {
  viewer: undefined,
  requestId: 'r1',
  caller: 'c',
  signal: new AbortController().signal,
  kept: new Map(),
};

/** As the client sees it. Order of keys counts; order of errors does not: fields fail in the order in which their promises settle. */
function plain({ data, errors }: ExecutionResult): unknown {
  const found = (errors ?? []).map((error) => {
    expect(error).toBeInstanceOf(GraphQLError);
    return JSON.stringify(formatApiError(error.toJSON(), error)).replaceAll(describeError(error).id, 'ID');
  });
  return { data: JSON.stringify(data), errors: found.sort(), log };
}

test.each(
  CASES.map(([query, variables = {}]) => [query, variables] as const),
)('the same, compiled or not: %s %j', async (query, variables) => {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const executor = createExecutor(schema);
  const results: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    log = [];
    results.push(plain(await executor.execute({ document, operation, variables, context })));
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('a value that was sent is not repeated in what is said of it', async () => {
  const secret = 'Geheimnis 4711';
  const document = parse(
    'query Q($i: Input, $c: Colour, $n: [Int]) { echo(input: $i) cat { colour(of: $c) } other: echo(ids: ["1"]) }',
  );
  const operation = document.definitions[0] as OperationDefinitionNode;
  const wrong = [
    { i: { text: 'a', number: secret } },
    { i: { text: 'a', at: secret } },
    { i: { text: [secret] } },
    { i: { text: { [secret]: 1 } } },
    { c: secret },
    { n: [secret] },
    { n: secret },
    { i: secret },
    { i: { text: 'a', list: [{ secret }] } },
  ];
  for (const variables of wrong) {
    const { errors } = await createExecutor(schema).execute({ document, operation, variables, context });
    expect(errors!.length).toBeGreaterThan(0);
    for (const error of errors!) expect(error.message).not.toContain(secret);
    for (const error of errors!) expect(error.message).toMatch(/^Variable "\$/);
  }
});
