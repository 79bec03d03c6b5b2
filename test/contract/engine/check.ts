import type { Backend } from '../../../src/engine/backends/backend.js';
import { LAYER_CASES, layerCase, STEP } from './layer-cases.js';
import { LOSS_CASES } from './loss-cases.js';
import { type Case, OP_CASES } from './op-cases.js';
import { PRIVATE_CASES } from './private-cases.js';
import { type Data, runReference } from './reference-ops.js';
import { SEQUENCE_LAYERS } from './sequence-cases.js';

export const CASES: readonly Case[] = [
  ...OP_CASES,
  ...LAYER_CASES,
  ...SEQUENCE_LAYERS.map(layerCase),
  ...LOSS_CASES,
  ...PRIVATE_CASES,
];

/** Largest deviation allowed, relative to the value itself and a tenth of the largest value of its tensor. */
export const TOLERANCE = 1e-5;

export interface Outcome {
  readonly name: string;
  /** Number.MAX_VALUE where a shape is wrong or a value is not finite. */
  readonly deviation: number;
  /** What went wrong, where running the case failed. */
  readonly error?: string;
}

export interface BackendCheck {
  readonly outcomes: readonly Outcome[];
  /** What the training step gave, twice: gradient and loss. */
  readonly steps: readonly (readonly number[][])[];
}

/** Runs every case on a backend and compares it with float64. */
export async function checkBackend(backend: Backend): Promise<BackendCheck> {
  const outcomes: Outcome[] = [];
  for (const each of CASES) outcomes.push(await outcomeOf(backend, each));
  const steps = [await runCase(backend, STEP), await runCase(backend, STEP)];
  return { outcomes, steps: steps.map((outputs) => outputs.map((values) => [...values])) };
}

async function outcomeOf(backend: Backend, { name, graph, inputs, expected }: Case): Promise<Outcome> {
  try {
    const outputs = await runCase(backend, { graph, inputs });
    const wanted = expected?.() ?? runReference(graph, inputs);
    return { name, deviation: Math.max(...wanted.map((values, index) => deviationOf(outputs[index], values))) };
  } catch (error) {
    return { name, deviation: Number.MAX_VALUE, error: String(error) };
  }
}

async function runCase(backend: Backend, { graph, inputs }: Pick<Case, 'graph' | 'inputs'>): Promise<Float32Array[]> {
  const executable = await backend.compile(graph, inputs);
  try {
    return await executable.run(inputs.map(toArray));
  } finally {
    await executable.dispose();
  }
}

const toArray = ({ dtype, values }: Data): Float32Array | Int32Array =>
  dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);

function deviationOf(got: ArrayLike<number> | undefined, wanted: readonly number[]): number {
  if (got?.length !== wanted.length) return Number.MAX_VALUE;
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return wanted.reduce((worst, value, index) => {
    const error = Math.abs(got[index] - value);
    if (error === 0) return worst;
    return Number.isFinite(error) ? Math.max(worst, error / (Math.abs(value) + scale / 10)) : Number.MAX_VALUE;
  }, 0);
}
