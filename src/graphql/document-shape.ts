import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** How large an operation is, its fragments written out. */
export interface Shape {
  /** Levels of fields. */
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** Fields at the root. */
  readonly rootFields: number;
  /** It asks for __schema or __type. */
  readonly introspects: boolean;
}

const EMPTY: Shape = { depth: 0, fields: 0, aliases: 0, directives: 0, rootFields: 0, introspects: false };

/**
 * Measures the largest operation of a document. A fragment is measured once however often it is spread, so that a short
 * document which expands to billions of fields is measured in the time that its own length takes; cycles count as nothing.
 */
export function shapeOf(document: DocumentNode): Shape {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Shape>();

  function ofSet(set: SelectionSetNode | undefined): Shape {
    return (set?.selections ?? []).map(ofSelection).reduce(add, EMPTY);
  }

  function ofSelection(selection: SelectionNode): Shape {
    const directives = selection.directives?.length ?? 0;
    if (selection.kind === Kind.FRAGMENT_SPREAD) return add(ofFragment(selection.name.value), { ...EMPTY, directives });
    const inner = ofSet(selection.selectionSet);
    if (selection.kind === Kind.INLINE_FRAGMENT) return add(inner, { ...EMPTY, directives });
    return {
      depth: inner.depth + 1,
      fields: inner.fields + 1,
      aliases: inner.aliases + (selection.alias ? 1 : 0),
      directives: inner.directives + directives,
      rootFields: 1,
      introspects: inner.introspects || selection.name.value === '__schema' || selection.name.value === '__type',
    };
  }

  function ofFragment(name: string): Shape {
    const done = measured.get(name);
    if (done) return done;
    measured.set(name, EMPTY); // what a cycle finds
    const shape = ofSet(fragments.get(name)?.selectionSet);
    measured.set(name, shape);
    return shape;
  }

  let largest = EMPTY;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const own = { ...EMPTY, directives: definition.directives?.length ?? 0 };
    largest = larger(largest, add(ofSet(definition.selectionSet), own));
  }
  return largest;
}

function add(a: Shape, b: Shape): Shape {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
    rootFields: a.rootFields + b.rootFields,
    introspects: a.introspects || b.introspects,
  };
}

function larger(a: Shape, b: Shape): Shape {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: Math.max(a.fields, b.fields),
    aliases: Math.max(a.aliases, b.aliases),
    directives: Math.max(a.directives, b.directives),
    rootFields: Math.max(a.rootFields, b.rootFields),
    introspects: a.introspects || b.introspects,
  };
}
