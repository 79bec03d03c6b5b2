import fc from 'fast-check';
import { readSafetensors, writeSafetensors } from '../../src/engine/safetensors/safetensors.js';
import { ConcordError } from '../../src/errors.js';

const tensors = fc
  .uniqueArray(
    fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
    { maxLength: 5 },
  )
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
          const count = shape.reduce((a, b) => a * b, 1);
          return fc
            .array(fc.float(), { minLength: count, maxLength: count })
            .map((values) => ({ name, shape, values: Float32Array.from(values) }));
        }),
      ),
    ),
  );
const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });

describe('safetensors, for any content', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(tensors, metadata, (written, texts) => {
        const read = readSafetensors(writeSafetensors({ tensors: written, metadata: texts }));
        const byName = new Map(read.tensors.map((tensor) => [tensor.name, tensor]));
        expect(read.tensors).toHaveLength(written.length);
        for (const { name, shape, values } of written) {
          expect(byName.get(name)?.shape).toEqual(shape);
          expect(byName.get(name)?.values).toEqual(values);
        }
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(texts).sort());
      }),
    );
  });

  test('any bytes, and any change of a byte, are read or refused, never anything else', () => {
    const read = (bytes: Uint8Array) => {
      try {
        readSafetensors(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ConcordError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read));
    fc.assert(
      fc.property(tensors, fc.nat(), fc.nat(255), (written, at, value) => {
        const bytes = writeSafetensors({ tensors: written, metadata: {} });
        bytes[at % bytes.length] = value;
        read(bytes);
        read(bytes.subarray(0, at % bytes.length));
      }),
    );
  });
});
