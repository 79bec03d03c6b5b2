import type { Backend } from '../../src/engine/backends/backend.js';
import { openBackend } from '../../src/engine/backends/select.js';
import type { ProductContent } from '../../src/engine/recommenders/content/encoder.js';
import {
  type FitContext,
  type FitRequest,
  type FittedRecommender,
  fitRecommender,
} from '../../src/engine/recommenders/fit.js';
import { selectRows } from '../../src/engine/recommenders/matrix/sparse.js';
import { hiddenOf, madeUpHoldings } from './holdings.js';

export const QUIET: FitContext = { checkpoint: () => undefined, onProgress: () => undefined };

const KINDS = ['fund 基金', 'loan 贷款', 'card 银行卡'];

/** Products whose kind can be read from their text. */
export const madeUpContent = (products = 12): ProductContent[] =>
  Array.from({ length: products }, (_, product) => ({
    texts: [`${KINDS[product % 3]} no. ${product}`],
    attributes: { riskClass: 1 + (product % 3) },
  }));

const SETTINGS = {
  'item-knn': { shrinkage: 3 },
  'user-knn': { neighbours: 20 },
  ease: { regularisation: 10 },
  'naive-bayes': { smoothing: 5 },
  als: { factors: 4, iterations: 6 },
  vae: { hidden: 16, latent: 4, learningRate: 0.01, epochs: 12 },
} as const satisfies FitRequest['settings'];

/** A request for made-up users: 300 to train on, 100 to validate. */
export function fitRequest(name: FitRequest['name'], rest: Partial<FitRequest> = {}): FitRequest {
  const all = madeUpHoldings({ users: 400 });
  const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, place) => from + place);
  const validation = selectRows(all, range(300, 400));
  return {
    name,
    owned: selectRows(all, range(0, 300)),
    userIds: Array.from({ length: 300 }, (_, user) => `ü${user}`),
    validation: { owned: validation, hidden: hiddenOf(validation) },
    content: madeUpContent(),
    seed: 1,
    settings: SETTINGS,
    ...rest,
  };
}

let backend: Promise<Backend> | undefined;

export async function fitted(name: FitRequest['name'], rest: Partial<FitRequest> = {}): Promise<FittedRecommender> {
  backend ??= openBackend('onnxruntime');
  return fitRecommender(fitRequest(name, { backend: await backend, ...rest }), QUIET);
}
