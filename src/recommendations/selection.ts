import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/**
 * Whether an operation asks for a field some levels below the one that is being resolved, through fragments too.
 * A field under @skip or @include counts as asked for.
 */
export function selects(info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>, path: readonly string[]): boolean {
  return info.fieldNodes.some(({ selectionSet }) => inSet(selectionSet, path, info.fragments));
}

function inSet(
  set: SelectionSetNode | undefined,
  [name, ...rest]: readonly string[],
  fragments: GraphQLResolveInfo['fragments'],
): boolean {
  return (set?.selections ?? []).some((selection) => {
    if (selection.kind !== Kind.FIELD) {
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      return inSet(fragment?.selectionSet, [name, ...rest], fragments);
    }
    if (selection.name.value !== name) return false;
    return rest.length === 0 || inSet(selection.selectionSet, rest, fragments);
  });
}
