import { RecordSplitter, type RecordSyntax } from './records.js';

const split = (text: string, syntax: Partial<RecordSyntax> = {}, pieces = [text]) => {
  const splitter = new RecordSplitter({ separator: ',', quote: '"', ...syntax });
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
};
const fields = (text: string, syntax?: Partial<RecordSyntax>) =>
  split(text, syntax).map((row) => row.problem ?? row.fields);

describe('rows', () => {
  test.each([
    [
      'LF, and no line break at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF',
      'a,b\r\n1,"2"\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['empty lines are none', '\na\n\nb\n', [['a'], ['b']]],
    [
      'empty fields',
      ',\n"",x\na,\n',
      [
        ['', ''],
        ['', 'x'],
        ['a', ''],
      ],
    ],
    [
      'separators, quotes and line breaks in quotes',
      '"a,b","say ""hi""","x\ny"\n1,2,3\n',
      [
        ['a,b', 'say "hi"', 'x\ny'],
        ['1', '2', '3'],
      ],
    ],
    ['a quote inside a field is a character', '5" pipe,x\n', [['5" pipe', 'x']]],
  ])('%s', (_, text, expected) => {
    expect(fields(text)).toEqual(expected);
  });

  test('split by several characters, or without quoting', () => {
    expect(fields('1::2::3', { separator: '::' })).toEqual([['1', '2', '3']]);
    expect(fields('"a,b"', { quote: '' })).toEqual([['"a', 'b"']]);
  });

  test('have the number of their first line, and their own among all rows', () => {
    const rows = split('h,h\n"a\nb",1\nbroken\n2,3\n', { width: 2, firstNumber: -1 });
    expect(rows.map(({ line, number }) => [line, number])).toEqual([
      [1, -1],
      [2, 0],
      [4, 1],
      [5, 2],
    ]);
    expect(rows[1]!.raw).toBe('"a\nb",1');
  });

  test('are the same however the text is cut', () => {
    const text = 'a,"b ""c""\nd",e\r\n"x",y,"z"\r\n,,\r\nq,"r,s",t';
    const whole = split(text);
    for (let size = 1; size < text.length; size++) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      expect(split(text, {}, pieces)).toEqual(whole);
    }
  });
});

describe('a broken line costs that line only', () => {
  test('when a quote is never closed', () => {
    expect(fields('1,"a,x\n2,b,y\n3,c,z\n', { width: 3 })).toEqual([
      'a quote is opened and never closed',
      ['2', 'b', 'y'],
      ['3', 'c', 'z'],
    ]);
  });

  test('when the next quote closes it by mistake', () => {
    expect(fields('1,"a,x\n2,"b",y\n3,c,z\n', { width: 3 })).toEqual([
      'text follows a closing quote',
      ['2', 'b', 'y'],
      ['3', 'c', 'z'],
    ]);
    expect(fields('1,"a\n2,b",y,z\n', { width: 3 })).toEqual(
      [['1', 'a\n2,b', 'y', 'z']]
        .map(() => 'a quote is opened and not closed on this line')
        .concat('4 fields where 3 are expected'),
    );
  });

  test('when fields are missing or too many', () => {
    expect(fields('1,2\n1\n1,2,3\n4,5\n', { width: 2 })).toEqual([
      ['1', '2'],
      '1 fields where 2 are expected',
      '3 fields where 2 are expected',
      ['4', '5'],
    ]);
  });

  test('when it is endless', () => {
    const rows = split(`1,2\n${'x'.repeat(3 << 20)}\n3,4\n`, { width: 2 });
    expect(rows.map((row) => row.problem ?? row.fields)).toEqual([
      ['1', '2'],
      'the line is longer than 1 MiB',
      ['3', '4'],
    ]);
    expect(rows[1]!.raw.length).toBeLessThan(2000);
  });
});
