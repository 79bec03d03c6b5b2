import { type GraphQLObjectType, type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type ContainerType } from 'type-graphql';
import { NodeResolver } from './node.resolver.js';
import { DateTime } from './scalars.js';
import { validateInput } from './validation.js';
import { ViewerResolver } from './viewer.resolver.js';

// biome-ignore lint/complexity/noBannedTypes: type-graphql takes classes as functions
export type ResolverClass = Function;

/** What every deployment has, beside the resolvers of the features. */
const SHARED: readonly ResolverClass[] = [NodeResolver, ViewerResolver];

/**
 * The schema over resolver classes.
 * @param classes of the features
 * @param instances of them and of NodeResolver, made by composition; without them the schema can be printed, not executed
 * @param orphanedTypes types that no field names, such as those that only an interface returns
 */
export function createSchema(
  classes: readonly ResolverClass[],
  instances: readonly object[] = [],
  orphanedTypes: readonly ResolverClass[] = [],
): GraphQLSchema {
  const byClass = new Map<unknown, object>(instances.map((instance) => [instance.constructor, instance]));
  const container: ContainerType = {
    get(someClass: unknown) {
      const instance = byClass.get(someClass);
      if (!instance) throw new Error(`No instance of the resolver ${(someClass as ResolverClass).name} was composed.`);
      return instance;
    },
  };
  const schema = buildSchemaSync({
    resolvers: [...SHARED, ...classes] as [ResolverClass, ...ResolverClass[]],
    orphanedTypes: orphanedTypes as ResolverClass[],
    container,
    validateFn: validateInput,
    scalarsMap: [{ type: Date, scalar: DateTime }],
  });
  describeRoot(schema.getQueryType(), 'What can be asked.');
  describeRoot(schema.getMutationType(), 'What can be changed.');
  return lexicographicSortSchema(schema);
}

/** type-graphql makes the root types itself, and has no place for what they are. */
function describeRoot(type: GraphQLObjectType | null | undefined, description: string): void {
  if (type) type.description = description;
}

/** @returns the schema as text: sorted, described, and ending with a line feed. */
export const printedSchema = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
