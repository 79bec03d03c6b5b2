import {
  BREAK,
  coerceInputValue,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Context } from './context.js';

export interface Operation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly context: Context;
}

export interface Executor {
  /** An ordinary result: data, errors, or errors alone where the variables do not fit. */
  execute(operation: Operation): Promise<ExecutionResult>;
}

/** How often a document has come before it is compiled: a client that never repeats itself would pay for nothing. */
const COMPILE_AT = 2;
const MOST_PROBLEMS = 20;

/** Runs operations by graphql-js at first, and compiled by graphql-jit once they come again. The results are the same. */
export function createExecutor(schema: GraphQLSchema): Executor {
  const compiled = new WeakMap<OperationDefinitionNode, { seen: number; query?: CompiledQuery | 'impossible' }>();

  function compiledQuery({ document, operation }: Operation): CompiledQuery | undefined {
    const entry = compiled.get(operation) ?? { seen: 0 };
    compiled.set(operation, entry);
    entry.seen += 1;
    if (!entry.query && entry.seen >= COMPILE_AT) {
      const can = canBeCompiled(document) && !losesDefaults(schema, operation);
      const query = can && compileQuery(schema, document, operation.name?.value);
      entry.query = query && isCompiledQuery(query) ? query : 'impossible';
    }
    return entry.query === 'impossible' ? undefined : entry.query;
  }

  return {
    async execute(request) {
      const query = compiledQuery(request);
      const variables = request.variables ?? {};
      const result = query
        ? await query.query(undefined, request.context, variables)
        : await execute({
            schema,
            document: request.document,
            operationName: request.operationName,
            variableValues: variables,
            contextValue: request.context,
          });
      if (result.data === undefined) return { errors: variableErrors(schema, request.operation, variables, result) };
      return result.errors?.length ? { ...result, errors: result.errors.map(asGraphQLError) } : result;
    },
  };
}

/**
 * graphql-jit 0.8.9 takes a variable that was left out for null, where it stands inside a literal: {name: $name}. An update
 * would then erase what it should leave alone. Such documents are run by graphql-js.
 */
function canBeCompiled(document: DocumentNode): boolean {
  let can = true;
  const inLiteral = {
    Variable() {
      can = false;
      return BREAK;
    },
  };
  visit(document, {
    ObjectValue: (node) => void visit(node, inLiteral),
    ListValue: (node) => void visit(node, inLiteral),
  });
  return can;
}

/**
 * graphql-jit 0.8.9 asks for a value where a non-null variable, or a non-null field of an input, has a default. Such operations are run
 * by graphql-js.
 */
function losesDefaults(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode): boolean {
  const seen = new Set<GraphQLInputObjectType>();
  const loses = (type: GraphQLInputType): boolean => {
    const named = getNamedType(type);
    if (!isInputObjectType(named) || seen.has(named)) return false;
    seen.add(named);
    return Object.values(named.getFields()).some(
      (field) => (isNonNullType(field.type) && field.defaultValue !== undefined) || loses(field.type),
    );
  };
  return variableDefinitions.some((definition) => {
    const type = typeFromAST(schema, definition.type);
    return isInputType(type) && ((isNonNullType(type) && definition.defaultValue !== undefined) || loses(type));
  });
}

/** graphql-jit makes its errors look like GraphQLErrors; the rest of the server wants real ones. */
function asGraphQLError(error: GraphQLError): GraphQLError {
  if (!('nodes' in error) || error.nodes === undefined) {
    const real = new GraphQLError(error.message, { path: error.path, originalError: error.originalError });
    if (error.locations) Object.defineProperty(real, 'locations', { value: error.locations, enumerable: true });
    return real;
  }
  return error;
}

/** Says which variables do not fit and why, as graphql-js does, but without repeating the values that were sent. */
function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  result: ExecutionResult,
): readonly GraphQLError[] {
  const errors: GraphQLError[] = [];
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    const value = variables[name];
    const report = (text: string) =>
      errors.push(new GraphQLError(text, { nodes: definition, extensions: { code: 'BAD_USER_INPUT' } }));
    if (!isInputType(type) || (value === undefined && definition.defaultValue)) continue;
    if (value === undefined || value === null) {
      if (String(type).endsWith('!')) report(`Variable "$${name}" of type "${type}" must be given, and not null.`);
      continue;
    }
    coerceInputValue(value, type, (path, invalid, error) => {
      if (errors.length >= MOST_PROBLEMS) return;
      const place = [name, ...path].join('.');
      report(`Variable "$${place}" does not fit "${type}": ${withoutValue(error, invalid)}`);
    });
  }
  return errors.length > 0 ? errors : (result.errors ?? []).map(asGraphQLError);
}

/** A scalar's message ends with the value, as graphql-js prints it; ours do not have it. */
function withoutValue(error: GraphQLError, value: unknown): string {
  if (error.originalError && !(error.originalError instanceof GraphQLError)) return error.originalError.message;
  const printed = typeof value === 'object' ? undefined : JSON.stringify(value);
  return printed ? error.message.replaceAll(printed, 'this value') : error.message.replace(/: [{[].*$/s, '.');
}
