import { type FieldNode, type FragmentDefinitionNode, Kind, parse } from 'graphql';
import { selects } from './selection.js';

function infoOf(text: string) {
  const { definitions } = parse(text);
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)!;
  const fragments = definitions.filter(
    (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  return {
    fieldNodes: operation.selectionSet.selections as FieldNode[],
    fragments: Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment])),
  };
}

test.each([
  ['{ a { edges { score } } }', false],
  ['{ a { reasons } }', false],
  ['{ a { edges { reasons { text } } } }', true],
  ['{ a { edges { why: reasons { text } } } }', true],
  ['{ a { edges { ... on Edge { reasons { text } } } } }', true],
  ['{ a { edges { ...more } } } fragment more on Edge { reasons { text } }', true],
  ['{ a { ...all } } fragment all on A { edges { score } }', false],
  ['{ a { edges { reasons @skip(if: true) { text } } } }', true],
])('%s', (text, expected) => {
  expect(selects(infoOf(text), ['edges', 'reasons'])).toBe(expected);
});
