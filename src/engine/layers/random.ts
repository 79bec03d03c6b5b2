/** A seeded generator for initial weights, shuffles, folds and dropout: reproducible everywhere. Never for privacy or keys. */
export interface Random {
  /** 0 to 2³² − 1. */
  uint32(): number;
  /** 0 (included) to 1 (excluded), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** An integer from 0 to limit − 1. */
  below(limit: number): number;
  /** Fisher–Yates, in place; returns its argument. */
  shuffle<T extends Int32Array | Uint32Array | Float64Array | unknown[]>(values: T): T;
  /** An independent generator for a named purpose: the same label gives the same stream, whatever was drawn before. */
  fork(label: string): Random;
}

/** xoshiro128** by Blackman and Vigna, its state spread from the seed by splitmix32. */
export function createRandom(seed: number): Random {
  const spread = splitmix32(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
  let a = spread();
  let b = spread();
  let c = spread();
  let d = spread() | 1;
  let spare: number | undefined;
  const origin = (a ^ Math.imul(b, 0x9e3779b1) ^ c ^ d) >>> 0;

  const uint32 = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => (uint32() * 2 ** 21 + (uint32() >>> 11)) / 2 ** 53;
  const below = (limit: number): number => Math.floor(uniform() * limit);

  return {
    uint32,
    uniform,
    below,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle(values) {
      for (let last = values.length - 1; last > 0; last--) {
        const other = below(last + 1);
        const value = values[last];
        values[last] = values[other];
        values[other] = value;
      }
      return values;
    },
    fork: (label) => createRandom(origin * 2 ** 20 + (hash(label) % 2 ** 20)),
  };
}

function splitmix32(low: number, high: number): () => number {
  let state = low;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let value = state ^ (state >>> 16);
    value = Math.imul(value, 0x21f0aaad);
    value ^= value >>> 15;
    value = Math.imul(value ^ high, 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
