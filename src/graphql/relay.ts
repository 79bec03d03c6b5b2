import { Max, Min } from 'class-validator';
import { ArgsType, Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import { badInput, type ConcordError } from '../errors.js';

/** The most nodes that one page holds. */
export const MAX_PAGE = 100;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const GLOBAL_ID = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_CURSOR = 1024;

export const isUuid = (text: string): boolean => UUID.test(text);

/** Anything that node(id) finds. A class that implements it sets id to toGlobalId(its type name, the row's uuid). */
@InterfaceType('Node', { description: 'Anything that has an id of its own.' })
export abstract class Node {
  @Field(() => ID, { description: 'An opaque id, unique in the whole API.' })
  id: string;
}

/** @returns the opaque id of a row: base64url of "Type:uuid". */
export function toGlobalId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`, 'latin1').toString('base64url');
}

/** @returns type and uuid of an id made by toGlobalId, or undefined where it is no such id. */
export function parseGlobalId(globalId: string): { type: string; id: string } | undefined {
  if (typeof globalId !== 'string' || !GLOBAL_ID.test(globalId)) return undefined;
  const text = Buffer.from(globalId, 'base64url').toString('latin1');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  const type = text.slice(0, colon);
  const id = text.slice(colon + 1);
  return UUID.test(id) && toGlobalId(type, id) === globalId ? { type, id } : undefined;
}

/**
 * @param type the only type that is accepted here
 * @returns the uuid
 * @throws {ConcordError} BAD_INPUT where it is not the id of such a thing.
 */
export function fromGlobalId(type: string, globalId: string): string {
  const parsed = parseGlobalId(globalId);
  if (!parsed) throw badInput(`An id that was given is not an id of this API; the id of a ${type} is asked for here.`);
  if (parsed.type !== type)
    throw badInput(`The id of a ${type} is asked for here, and that of a ${parsed.type} given.`);
  return parsed.id;
}

export type CursorValue = string | number | null;

/** @returns an opaque cursor that holds the sort key of a row. */
export function encodeCursor(values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify(values), 'utf8').toString('base64url');
}

/**
 * @param length how many values the cursor must hold
 * @throws {ConcordError} BAD_INPUT where it was not made by encodeCursor with so many values.
 */
export function decodeCursor(cursor: string, length: number): CursorValue[] {
  const values = cursor.length <= MAX_CURSOR ? parseCursor(cursor) : undefined;
  const good = (value: unknown) => value === null || typeof value === 'string' || Number.isFinite(value);
  if (!Array.isArray(values) || values.length !== length || !values.every(good)) throw badCursor();
  return values;
}

function parseCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined; // decodeCursor reports it
  }
}

const badCursor = (): ConcordError => badInput('The cursor in "after" was not given by this connection.');

@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: 20, description: 'How many at most: 1 to 100.' })
  @Min(1)
  @Max(MAX_PAGE)
  first: number;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor after which to go on: endCursor of the page before.',
  })
  after?: string;
}

@ObjectType({ simpleResolvers: true, description: 'Where a page stands in its connection.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'There are more after this page.' })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: 'There is something before this page.' })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first edge.' })
  startCursor: string | null;

  @Field(() => String, { nullable: true, description: 'The cursor of the last edge.' })
  endCursor: string | null;
}

export interface Edge<T> {
  node: T;
  cursor: string;
}

export interface Connection<T, E extends Edge<T> = Edge<T>> {
  edges: E[];
  pageInfo: PageInfo;
}

type Constructor<T> = new () => T;

/**
 * The connection and edge types over a node class: NameConnection and NameEdge. Extend what comes back to add fields
 * (a total count, a score on each edge), under a name of your own by @ObjectType('Name…', {simpleResolvers: true}).
 * @param nodeClass a type-graphql object type
 * @param name of the node type; default: the name of the class without a final "Type"
 * @param edgeClass an edge type with fields of its own, in place of the plain NameEdge
 */
export function connectionType<T extends object, E extends Edge<T> = Edge<T>>(
  nodeClass: abstract new (...args: never[]) => T,
  name: string = nodeClass.name.replace(/Type$/, ''),
  edgeClass?: abstract new (...args: never[]) => E,
): { Connection: Constructor<Connection<T, E>>; Edge: abstract new (...args: never[]) => E } {
  const EdgeClass = edgeClass ?? plainEdge(nodeClass, name);

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: `A page of a list of ${name}.` })
  class ConnectionOfNodes {
    @Field(() => [EdgeClass], { description: 'What is on this page, in order.' })
    edges: E[];

    @Field(() => PageInfo, { description: 'Where this page stands.' })
    pageInfo: PageInfo;
  }
  return { Connection: ConnectionOfNodes, Edge: EdgeClass as abstract new (...args: never[]) => E };
}

function plainEdge(nodeClass: abstract new (...args: never[]) => object, name: string) {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `One ${name} of a connection.` })
  class EdgeOfNode {
    @Field(() => nodeClass, { description: 'The thing itself.' })
    node: object;

    @Field(() => String, { description: 'Where it stands: give it to "after" to go on from here.' })
    cursor: string;
  }
  return EdgeOfNode;
}

/**
 * A page of nodes from rows of which one more than asked for was read, to learn whether there are more.
 * @param rows in order, at most first + 1
 * @param cursorOf the row's sort key, as encodeCursor takes it
 */
export function connectionOf<Row, T>(
  rows: readonly Row[],
  page: Pick<PageArgs, 'first' | 'after'>,
  cursorOf: (row: Row) => readonly CursorValue[],
  nodeOf: (row: Row) => T,
): Connection<T> {
  const edges = rows.slice(0, page.first).map((row) => ({ node: nodeOf(row), cursor: encodeCursor(cursorOf(row)) }));
  return { edges, pageInfo: pageInfo(edges, page, rows.length > page.first) };
}

/** @returns the page info of edges that are ready. */
export function pageInfo(edges: readonly { cursor: string }[], page: Pick<PageArgs, 'after'>, more: boolean): PageInfo {
  return {
    hasNextPage: more,
    hasPreviousPage: page.after != null,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
}
