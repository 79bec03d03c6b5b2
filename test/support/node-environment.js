import { TestEnvironment } from 'jest-environment-node';

/**
 * jest gives each test file globals of its own, and native code makes typed arrays of the outer ones: with two kinds of
 * Float32Array, onnxruntime refuses its own results. Tests therefore share the outer typed arrays.
 */
const SHARED = [
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'BigInt64Array',
  'Uint16Array',
  'Uint32Array',
  'BigUint64Array',
];

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of SHARED) this.global[name] = globalThis[name];
  }
}
