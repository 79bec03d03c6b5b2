import { ConcordError } from '../../errors.js';
import type { ModelName } from '../engine.js';
import { readHeader } from '../safetensors/safetensors.js';
import type { ModelKind, Storage, StoredContext } from './kind.js';
import { calibrated } from './kinds/calibrated.js';
import { hybrid } from './kinds/hybrid.js';
import { networks } from './kinds/networks.js';
import { popularity } from './kinds/popularity.js';
import { recommenders } from './kinds/recommenders.js';
import { scorecard } from './kinds/scorecard.js';
import { stack } from './kinds/stack.js';
import { trees } from './kinds/trees.js';
import { twoTower } from './kinds/two-tower.js';
import type { Weights } from './weights.js';

const KINDS: { readonly [Kind in Weights['kind']]: ModelKind<Kind> } = {
  popularity,
  network: networks,
  trees,
  stack,
  scorecard,
  calibrated,
  recommender: recommenders,
  hybrid,
  'two-tower': twoTower,
};

const BY_MODEL = new Map(
  Object.values(KINDS).flatMap((kind) => kind.models.map((model) => [model, kind as ModelKind])),
);

/** The kind of a model that is named. */
export function kindOf(model: ModelName): ModelKind {
  const kind = BY_MODEL.get(model);
  if (!kind) throw new Error(`No kind of model goes by the name ${model}.`);
  return kind;
}

/** The kind of a model that is there. */
export const kindOfWeights = ({ kind }: Pick<Weights, 'kind'>): ModelKind => KINDS[kind] as unknown as ModelKind;

const storage: Storage = { pack: packWeights, unpack: unpackWeights };

/** Why a federation cannot train a model; undefined where one can. */
export function whyNotFederated(model: ModelName): string | undefined {
  const { notFederated } = kindOf(model);
  return typeof notFederated === 'object' ? notFederated[model] : notFederated;
}

/** As safetensors; the metadata's kind says what is in it. */
export function packWeights(weights: Weights): Uint8Array<ArrayBuffer> {
  return kindOfWeights(weights).pack(weights, storage);
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract. */
export function unpackWeights(bytes: Uint8Array, context: StoredContext): Weights {
  const { kind } = readHeader(bytes).metadata;
  if (!kind || !Object.hasOwn(KINDS, kind))
    throw new ConcordError('BAD_INPUT', 'These are not the weights of a Concord model: their kind is unknown.');
  return KINDS[kind as Weights['kind']].unpack(bytes, context, storage);
}
