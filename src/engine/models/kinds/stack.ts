import { explainStackedInterest, explainStackedRisk } from '../../stacking/explain.js';
import { packStack, unpackStack } from '../../stacking/file.js';
import { fitStack } from '../../stacking/fit.js';
import { type OpenStack, openStack } from '../../stacking/open.js';
import type { ModelKind } from '../kind.js';

/** Models of a user's features, added up. */
export const stack: ModelKind<'stack'> = {
  kind: 'stack',
  models: ['stack'],
  notFederated: 'some of its members are trees, and how to add them up is learnt from users one by one',
  fit: fitStack,
  pack: packStack,
  unpack: unpackStack,
  open: openStack,
  isExact: (_, task, opened) => task === 'risk' && (opened as OpenStack).members.every(({ exact }) => exact),
  explainRisk: explainStackedRisk,
  explainInterest: explainStackedInterest,
};
