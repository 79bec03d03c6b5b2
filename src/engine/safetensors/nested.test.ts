import { ConcordError } from '../../errors.js';
import { nestFiles, unnestFiles } from './nested.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

const file = (value: number) =>
  writeSafetensors({
    tensors: [{ name: 'a/b', shape: [2], values: Float32Array.of(value, -value) }],
    metadata: { kind: `number ${value}` },
  });

test('files come out of a file as they went in', () => {
  const files = new Map([
    ['one', file(1)],
    ['two', file(2)],
  ]);
  const read = unnestFiles(nestFiles({ metadata: { kind: 'hybrid' }, files }));
  expect(read.metadata.kind).toBe('hybrid');
  expect([...read.files].map(([name, bytes]) => [name, readSafetensors(bytes)])).toEqual(
    [...files].map(([name, bytes]) => [name, readSafetensors(bytes)]),
  );
});

test.each<[string, Uint8Array]>([
  ['without a list of files', file(1)],
  ['with a tensor of no file', writeSafetensors({ ...readSafetensors(file(1)), metadata: { files: '[]' } })],
  ['with a list that is none', writeSafetensors({ tensors: [], metadata: { files: '[["a", 1]]' } })],
])('a file %s is refused', (_, bytes) => {
  expect(() => unnestFiles(bytes)).toThrow(ConcordError);
});
