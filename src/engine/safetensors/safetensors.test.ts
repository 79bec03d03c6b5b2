import { ConcordError } from '../../errors.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

function file(header: unknown, data = new Uint8Array(0), length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + encoded.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  bytes.set(data, 8 + encoded.length);
  return bytes;
}

const tensor = (shape: number[], from: number, to: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const eight = new Uint8Array(8);

describe('safetensors', () => {
  test('the layout is the published one', () => {
    const bytes = writeSafetensors({
      tensors: [{ name: 'a', shape: [2], values: Float32Array.of(1, -2) }],
      metadata: { format: 'concord' },
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { format: 'concord' },
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 192]);
  });

  test('an empty file and a scalar', () => {
    expect(readSafetensors(writeSafetensors({ tensors: [], metadata: {} }))).toEqual({ tensors: [], metadata: {} });
    const scalar = { name: 's', shape: [], values: Float32Array.of(7) };
    expect(readSafetensors(writeSafetensors({ tensors: [scalar], metadata: {} })).tensors).toEqual([scalar]);
  });

  test.each<[string, Uint8Array]>([
    ['nothing at all', new Uint8Array(0)],
    ['a header longer than the file', file({}, eight, 1000n)],
    ['a header of 2⁶³ bytes', file({}, eight, 2n ** 63n)],
    ['a header that is no JSON', file('{"a":')],
    ['a header that is not UTF-8', file('{}').map((byte, at) => (at === 8 ? 0xff : byte))],
    ['a header that is a list', file([])],
    ['an entry that is no object', file({ a: 1 })],
    ['a type that is not float32', file({ a: tensor([2], 0, 8, 'I32') }, eight)],
    ['a negative size', file({ a: tensor([-2], 0, 8) }, eight)],
    ['a size that is no whole number', file({ a: tensor([0.5], 0, 2) }, eight)],
    ['sizes whose product overflows', file({ a: tensor([2 ** 40, 2 ** 40], 0, 8) }, eight)],
    ['offsets the wrong way round', file({ a: tensor([2], 8, 0) }, eight)],
    ['three offsets', file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4, 8] } }, eight)],
    ['bytes that do not fill the shape', file({ a: tensor([1], 0, 8) }, eight)],
    ['data beyond the end', file({ a: tensor([4], 0, 16) }, eight)],
    ['overlapping tensors', file({ a: tensor([2], 0, 8), b: tensor([1], 4, 8) }, eight)],
    ['a gap', file({ a: tensor([1], 4, 8) }, eight)],
    ['bytes that belong to no tensor', file({ a: tensor([1], 0, 4) }, eight)],
    ['metadata that are not text', file({ __metadata__: { a: 1 } })],
    ['nine axes', file({ a: tensor([1, 1, 1, 1, 1, 1, 1, 1, 2], 0, 8) }, eight)],
  ])('%s is refused', (_, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(ConcordError);
  });

  test('a name twice and values that do not fill their shape are not written', () => {
    const a = { name: 'a', shape: [1], values: Float32Array.of(1) };
    expect(() => writeSafetensors({ tensors: [a, a], metadata: {} })).toThrow(ConcordError);
    expect(() => writeSafetensors({ tensors: [{ ...a, shape: [2] }], metadata: {} })).toThrow(ConcordError);
  });
});
