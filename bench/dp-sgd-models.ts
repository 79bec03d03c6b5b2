import type { InputSpec } from '../src/engine/backends/backend.js';
import { concatenate, select, sequential } from '../src/engine/layers/compose.js';
import { conv1d } from '../src/engine/layers/conv1d.js';
import { dense } from '../src/engine/layers/dense.js';
import { embeddingBag } from '../src/engine/layers/embedding.js';
import { embeddingColumns } from '../src/engine/layers/embedding-columns.js';
import { gru } from '../src/engine/layers/gru.js';
import type { Layer } from '../src/engine/layers/layer.js';
import type { Random } from '../src/engine/layers/random.js';

/** A model to time a step of, with what it reads. */
export interface TimedModel {
  readonly name: string;
  readonly batch: number;
  readonly model: Layer;
  /** 1 = one logit, else classes. */
  readonly outputs: number;
  /** As in PrivateStep. */
  readonly positionsMade?: boolean;
  /** Of one row; ids below `below`. */
  readonly features: readonly (Pick<InputSpec, 'dtype'> & { readonly width: number; readonly below?: number })[];
}

function mlp(...widths: number[]): Layer {
  const last = widths.length - 2;
  return sequential(
    widths
      .slice(1)
      .map((units, at) =>
        dense({ name: `${at}`, inputs: widths[at], units, activation: at < last ? 'relu' : 'linear' }),
      ),
  );
}

const numbers = (width: number) => [{ dtype: 'float32' as const, width }];

const PRODUCTS = 21;
const COLUMNS = { count: 20, categories: 50, width: 16 };

/** Products owned (21) as a bag and 20 columns of 50 categories as embeddings, then two hidden layers, then the products. */
const recommender = sequential([
  concatenate([
    select([0], embeddingBag({ name: 'owned', rows: PRODUCTS, width: 32, slots: PRODUCTS })),
    select(
      [1],
      embeddingColumns({
        name: 'columns',
        rows: new Array<number>(COLUMNS.count).fill(COLUMNS.categories),
        width: COLUMNS.width,
      }),
    ),
  ]),
  mlp(32 + COLUMNS.count * COLUMNS.width, 256, 128, PRODUCTS),
]);

const MODELS: readonly TimedModel[] = [
  { name: 'mlp-64-256-128-1', batch: 1024, model: mlp(64, 256, 128, 1), outputs: 1, features: numbers(64) },
  { name: 'mlp-32-64-32-1', batch: 256, model: mlp(32, 64, 32, 1), outputs: 1, features: numbers(32) },
  { name: 'mlp-256-1024-512-1', batch: 2048, model: mlp(256, 1024, 512, 1), outputs: 1, features: numbers(256) },
  {
    name: 'gru-16-64-24',
    batch: 512,
    model: sequential([
      gru({ name: 'gru', length: 24, inputs: 16, units: 64 }),
      dense({ name: 'output', inputs: 64, units: 1 }),
    ]),
    outputs: 1,
    features: numbers(24 * 16),
  },
  {
    name: 'conv1d-1-64-128-24',
    batch: 512,
    model: sequential([
      conv1d({ name: 'conv.0', length: 24, inputs: 1, filters: 64, kernel: 3, activation: 'relu' }),
      conv1d({ name: 'conv.1', length: 24, inputs: 64, filters: 128, kernel: 3, activation: 'relu' }),
      dense({ name: 'output', inputs: 24 * 128, units: 1 }),
    ]),
    outputs: 1,
    features: numbers(24),
  },
  {
    name: 'recommender-21-20x50',
    batch: 1024,
    model: recommender,
    outputs: PRODUCTS,
    features: [
      { dtype: 'int32', width: PRODUCTS, below: PRODUCTS },
      { dtype: 'int32', width: COLUMNS.count, below: COLUMNS.categories },
    ],
  },
];

/** Those that read sequences also with each user's gradient made, as a federation trains them. */
export const TIMED_MODELS: readonly TimedModel[] = [
  ...MODELS,
  ...MODELS.filter(({ model }) => model.rowValues !== undefined && model.rowValues > 1).map((timed) => ({
    ...timed,
    name: `${timed.name}-made`,
    positionsMade: true,
  })),
];

export function randomRows(
  { features, outputs }: TimedModel,
  rows: number,
  random: Random,
): { features: (Float32Array | Int32Array)[]; targets: Float32Array | Int32Array } {
  return {
    features: features.map(({ width, below }) =>
      below
        ? Int32Array.from({ length: rows * width }, () => random.below(below))
        : Float32Array.from({ length: rows * width }, random.normal),
    ),
    targets:
      outputs === 1
        ? Float32Array.from({ length: rows }, () => random.below(2))
        : Int32Array.from({ length: rows }, () => random.below(outputs)),
  };
}
