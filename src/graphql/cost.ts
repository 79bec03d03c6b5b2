import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
/** The cost of an operation for given variables. */
export type CostFormula = (variables: Variables) => number;

/** What a list is taken to hold where the request does not say. */
const UNKNOWN_LIST = 5;
const INTROSPECTION = 1000;

/**
 * Turns an operation into a formula, once: about one for each field of each node that can come back, page sizes and lists
 * of ids multiplied, and one for each item of a list in the input. A field's `complexity` replaces its one.
 * Fragments are written out, so check the document's shape first.
 */
export function costFormula(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CostFormula {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const defaults: Record<string, ValueNode | undefined> = {};
  for (const variable of operation.variableDefinitions ?? []) {
    defaults[variable.variable.name.value] = variable.defaultValue;
  }

  function ofSet(set: SelectionSetNode, parent: GraphQLNamedType): CostFormula {
    const parts = set.selections.map((selection): CostFormula => {
      if (selection.kind === Kind.FIELD) return ofField(selection, parent);
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (!fragment) return () => 0;
      const condition = fragment.typeCondition?.name.value;
      return ofSet(fragment.selectionSet, (condition && schema.getType(condition)) || parent);
    });
    return (variables) => parts.reduce((total, part) => total + part(variables), 0);
  }

  function ofField(node: FieldNode, parent: GraphQLNamedType): CostFormula {
    const name = node.name.value;
    if (name === '__schema' || name === '__type') return () => INTROSPECTION;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (!field) return () => 0; // __typename
    const own = typeof field.extensions.complexity === 'number' ? field.extensions.complexity : 1;
    const type = getNamedType(field.type);
    const inner = node.selectionSet && isCompositeType(type) ? ofSet(node.selectionSet, type) : undefined;
    const items = listArguments(node.arguments ?? [], defaults);
    const times = multiplier(node, field, parent, defaults, items);
    return (variables) => own + items(variables) + (inner ? times(variables) * inner(variables) : 0);
  }

  const root = schema.getRootType(operation.operation);
  return root ? ofSet(operation.selectionSet, root) : () => 0;
}

type Defaults = Readonly<Record<string, ValueNode | undefined>>;

function multiplier(
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  parent: GraphQLNamedType,
  defaults: Defaults,
  items: CostFormula,
): CostFormula {
  const first = field.args.find(({ name }) => name === 'first');
  if (first) {
    const argument = node.arguments?.find(({ name }) => name.value === 'first');
    const fallback = typeof first.defaultValue === 'number' ? first.defaultValue : 1;
    return (variables) => {
      const value = argument ? literalOf(argument.value, variables, defaults) : undefined;
      return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : fallback;
    };
  }
  if (!isListType(getNullableType(field.type)) || parent.name.endsWith('Connection')) return () => 1;
  return (variables) => items(variables) || UNKNOWN_LIST;
}

/** How many items the lists among the arguments have: lists themselves, and lists in the fields of an input object. */
function listArguments(args: readonly ArgumentNode[], defaults: Defaults): CostFormula {
  return (variables) => {
    let items = 0;
    for (const { value: node } of args) {
      const value = literalOf(node, variables, defaults);
      if (Array.isArray(value)) items += value.length;
      else if (typeof value === 'object' && value !== null) {
        for (const inner of Object.values(value)) if (Array.isArray(inner)) items += inner.length;
      }
    }
    return items;
  };
}

function literalOf(node: ValueNode, variables: Variables, defaults: Defaults): unknown {
  switch (node.kind) {
    case Kind.VARIABLE: {
      const given = variables[node.name.value];
      const fallback = defaults[node.name.value];
      return given === undefined && fallback ? literalOf(fallback, {}, {}) : given;
    }
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.LIST:
      return node.values;
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, literalOf(field.value, variables, defaults)]),
      );
    default:
      return undefined;
  }
}
