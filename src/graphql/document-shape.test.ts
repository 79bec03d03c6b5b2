import { parse } from 'graphql';
import { shapeOf } from './document-shape.js';

const shape = (text: string) => shapeOf(parse(text));

describe('shapeOf', () => {
  it('counts levels, fields, aliases, directives and fields at the root', () => {
    expect(shape('query Q @a { x: user @b { id edges { node { id } } } viewer { id @c } }')).toEqual({
      depth: 4,
      fields: 7,
      aliases: 1,
      directives: 3,
      rootFields: 2,
      introspects: false,
    });
  });

  it('writes fragments out', () => {
    const text = '{ ...f ... on Query { a { ...g } } } fragment f on Query { a { ...g } } fragment g on A { x: b c }';
    expect(shape(text)).toMatchObject({ depth: 2, fields: 6, aliases: 2, rootFields: 2 });
  });

  it('takes the largest of several operations', () => {
    expect(shape('query A { a } query B { a b { c } } query C { d: a }')).toMatchObject({
      depth: 2,
      fields: 3,
      aliases: 1,
    });
  });

  it('measures a document that expands to 2^60 fields without expanding it, and cycles as nothing', () => {
    const fragments = Array.from({ length: 60 }, (_, i) => `fragment f${i} on Q { ...f${i + 1} ...f${i + 1} }`);
    expect(shape(`{ ...f0 } ${fragments.join(' ')} fragment f60 on Q { a }`).fields).toBe(2 ** 60);
    expect(shape('{ ...a } fragment a on Q { x ...b } fragment b on Q { y ...a }')).toMatchObject({
      fields: 2,
      depth: 1,
    });
  });

  it('sees introspection wherever it hides', () => {
    expect(shape('{ ...f } fragment f on Query { ... on Query { t: __type(name: "A") { name } } }').introspects).toBe(
      true,
    );
    expect(shape('{ __typename }').introspects).toBe(false);
  });
});
