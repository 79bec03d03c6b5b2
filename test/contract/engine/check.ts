import type { Backend } from '../../../src/engine/backends/backend.js';
import { LAYER_CASES } from './layer-cases.js';
import { type Case, OP_CASES } from './op-cases.js';
import { type Data, runReference } from './reference-ops.js';

export const CASES: readonly Case[] = [...OP_CASES, ...LAYER_CASES];

/** Largest deviation allowed, relative to the value itself and a tenth of the largest value of its tensor. */
export const TOLERANCE = 1e-5;

export interface Outcome {
  readonly name: string;
  /** Infinite where a shape is wrong or a value is not finite. */
  readonly deviation: number;
  /** What went wrong, where running the case failed. */
  readonly error?: string;
}

/** Runs every case on a backend and compares it with float64. */
export async function checkBackend(backend: Backend): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, graph, inputs, expected } of CASES) {
    try {
      const outputs = await runCase(backend, { graph, inputs });
      const wanted = expected?.() ?? runReference(graph, inputs);
      outcomes.push({
        name,
        deviation: Math.max(...wanted.map((values, index) => deviationOf(outputs[index], values))),
      });
    } catch (error) {
      outcomes.push({ name, deviation: Number.POSITIVE_INFINITY, error: String(error) });
    }
  }
  return outcomes;
}

export async function runCase(
  backend: Backend,
  { graph, inputs }: Pick<Case, 'graph' | 'inputs'>,
): Promise<Float32Array[]> {
  const executable = await backend.compile(graph, inputs);
  try {
    return await executable.run(inputs.map(toArray));
  } finally {
    await executable.dispose();
  }
}

export const toArray = ({ dtype, values }: Data): Float32Array | Int32Array =>
  dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);

function deviationOf(got: ArrayLike<number> | undefined, wanted: readonly number[]): number {
  if (got?.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return wanted.reduce((worst, value, index) => {
    const error = Math.abs(got[index] - value);
    if (error === 0) return worst;
    return Number.isFinite(error) ? Math.max(worst, error / (Math.abs(value) + scale / 10)) : Number.POSITIVE_INFINITY;
  }, 0);
}
