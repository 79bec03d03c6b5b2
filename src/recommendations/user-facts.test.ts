import type { ActiveModel } from '../models/model-version.js';
import type { ScoringView } from '../profiles/scoring-view.js';
import { strategyOf } from './user-facts.js';

const model = (rest: Partial<ActiveModel> = {}): ActiveModel => ({
  id: 'm',
  handle: 'm/1',
  institutionId: null,
  task: 'interest',
  model: 'dnn',
  number: 1,
  positions: new Map([['A', 0]]),
  columns: new Set(['income', 'profile.events13w']),
  readsEvents: false,
  features: [],
  ...rest,
});
const view = (rest: Partial<ScoringView> & { values?: ScoringView['row']['values']; owned?: string[] } = {}) => {
  const { values = { income: null, 'profile.events13w': 0 }, owned = [], ...others } = rest;
  return { userId: 'u', row: { values, owned }, tags: [], eventCount: 0, holdings: [], ...others } as ScoringView;
};
/** It reads the products owned and nothing else. */
const recommender = model({ model: 'ease', columns: new Set() });

test.each<[string, ActiveModel | undefined, ScoringView, string]>([
  ['no model is active', undefined, view({ owned: ['A'] }), 'no_model'],
  ['nothing is known of the user', model(), view(), 'cold_user'],
  ['an attribute that the model reads is known', model(), view({ values: { income: 3 } }), 'model'],
  ['an attribute that it does not read is known', model(), view({ values: { shoe: 43 } }), 'cold_user'],
  ['a product that it knows is owned', model(), view({ owned: ['A'] }), 'model'],
  ['a product that it does not know is owned', model(), view({ owned: ['NEW'] }), 'cold_user'],
  ['it reads the profile, and there are events', model(), view({ eventCount: 2 }), 'model'],
  ['it reads events one by one', model({ columns: new Set(), readsEvents: true }), view({ eventCount: 2 }), 'model'],
  ['it reads no events', recommender, view({ eventCount: 2 }), 'cold_user'],
  ['it reads products alone, and one is owned', recommender, view({ owned: ['A'] }), 'model'],
])('where %s', (_, active, user, strategy) => {
  expect(strategyOf(active, user)).toBe(strategy);
});
