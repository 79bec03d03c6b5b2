import { badInput } from '../../../errors.js';
import { explainInterestBySampling } from '../../explanations/sampled.js';
import { packTwoTower, unpackTwoTower } from '../../two-tower/file.js';
import { fitTwoTower } from '../../two-tower/fit.js';
import { openTwoTower } from '../../two-tower/open.js';
import type { ModelKind } from '../kind.js';
import { networkShape } from '../network-file.js';
import { interestOnly } from '../owned.js';

/** Users and products as vectors of one space, whose inner product is the interest. */
export const twoTower: ModelKind<'two-tower'> = {
  kind: 'two-tower',
  models: ['two-tower'],
  notFederated:
    'products that banks describe by themselves have no vector that all agree on, so that there is no one tower of products to average',
  async fit(request, workshop) {
    interestOnly(request.task, 'two-tower');
    return fitTwoTower(request, workshop);
  },
  pack: packTwoTower,
  unpack(bytes, { task, contract }) {
    interestOnly(task, 'two-tower');
    return unpackTwoTower(bytes, networkShape(task, contract));
  },
  open: openTwoTower,
  isExact: () => false,
  explainRisk: async () => {
    throw badInput('two-tower is no model of risk.');
  },
  explainInterest: (predictor, _, row, products) => explainInterestBySampling(predictor, row, products),
};
