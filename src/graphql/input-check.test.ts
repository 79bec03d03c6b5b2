import { checkVariables } from './input-check.js';

const check = (variables: Record<string, unknown>) => () => checkVariables(variables, 10);
const refused = (code: string) => expect.objectContaining({ code });

describe('checkVariables', () => {
  it('lets ordinary values pass', () => {
    expect(
      check({ text: 'tabs\tand\nlines, 漢字 😀', number: -1.5, list: [null, true, { a: [1] }], nothing: undefined }),
    ).not.toThrow();
    expect(() => checkVariables(undefined, 10)).not.toThrow();
  });

  it.each([['\u0000'], ['a\u001bb'], ['\u007f'], ['\ud800'], ['\udc00x']])('refuses %j, wherever it is', (text) => {
    for (const variables of [{ a: text }, { a: [{ b: text }] }, { a: { [text]: 1 } }]) {
      expect(check(variables)).toThrow(refused('BAD_INPUT'));
    }
  });

  it('refuses numbers beyond all bounds and names that reach the prototype', () => {
    expect(check(JSON.parse('{"a": [1e999]}'))).toThrow(refused('BAD_INPUT'));
    expect(check(JSON.parse('{"a": {"__proto__": {}}}'))).toThrow(refused('BAD_INPUT'));
  });

  it('refuses long lists and deep nesting', () => {
    expect(check({ a: Array(10).fill(1) })).not.toThrow();
    expect(check({ a: { b: Array(11).fill(1) } })).toThrow(refused('LIMIT_EXCEEDED'));
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(check({ deep })).toThrow(refused('LIMIT_EXCEEDED'));
  });
});
