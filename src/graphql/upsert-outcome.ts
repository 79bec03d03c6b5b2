import { enumOf } from './enum.js';

export type UpsertOutcome = 'created' | 'updated' | 'unchanged';

export const UpsertOutcomeEnum = enumOf<UpsertOutcome>('UpsertOutcome', 'What became of one item.', {
  created: 'It was new.',
  updated: 'It was there and has changed.',
  unchanged: 'It was there as it is; nothing was written.',
});
