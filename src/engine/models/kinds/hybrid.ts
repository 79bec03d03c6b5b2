import { badInput } from '../../../errors.js';
import { explainHybrid } from '../../hybrid/explain.js';
import { packHybrid, unpackHybrid } from '../../hybrid/file.js';
import { fitHybrid } from '../../hybrid/fit.js';
import { openHybrid } from '../../hybrid/open.js';
import { eraseUsers } from '../../recommenders/erase.js';
import type { ModelKind } from '../kind.js';
import { interestOnly } from '../owned.js';

/** Recommenders and models of a user's features, added up. */
export const hybrid: ModelKind<'hybrid'> = {
  kind: 'hybrid',
  models: ['hybrid'],
  notFederated: 'recommenders in it cannot be trained by averaging or clipping',
  async fit(request, workshop) {
    interestOnly(request.task, 'hybrid');
    return fitHybrid(request, workshop);
  },
  pack: packHybrid,
  unpack: unpackHybrid,
  open: openHybrid,
  isExact: () => false,
  explainRisk: async () => {
    throw badInput('hybrid is no model of risk.');
  },
  explainInterest: explainHybrid,
  erase({ recommender, members, ...rest }, users, checkpoint) {
    const { model, outcomes } = eraseUsers(recommender, users, checkpoint);
    const stuck = [
      ...outcomes.filter(({ outcome }) => outcome === 'retrain').map(({ member }) => member),
      ...members.map((member) => member.model),
    ];
    return stuck.length > 0
      ? {
          outcome: 'retrain',
          reason: `${stuck.join(', ')} in the hybrid have learnt from all users together: it must be trained again without them`,
        }
      : { outcome: 'exact', weights: { ...rest, recommender: model, members } };
  },
};
