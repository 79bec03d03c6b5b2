import { describe, type Features, featuresOf } from './features.js';
import type { ProfileRow, WrittenProfile } from './profiles.store.js';
import type { Questionnaire } from './questionnaire.js';
import { emptyState, type ProfileState } from './state.js';
import { type Tag, tagsOf } from './tags.js';

/** What is known of a user's behaviour and suitability, as of `asOf`. */
export interface Profile {
  readonly userId: string;
  readonly asOf: Date;
  readonly features: Features;
  readonly tags: readonly Tag[];
  readonly questionnaire?: Questionnaire;
  /** Behaviour events in the 104 weeks up to asOf. */
  readonly eventCount: number;
  /** When an event or a questionnaire last changed it; null where nothing was ever recorded. */
  readonly updatedAt: Date | null;
}

/** The profile as of now: features fade and tags come and go with time, so they are computed when they are read. */
export function profileOf(row: ProfileRow, now: Date): Profile {
  const { features, eventCount } = describe(row.state ?? emptyState(), now);
  return {
    userId: row.userId,
    asOf: now,
    features,
    tags: tagsOf(features, row.questionnaire, now),
    questionnaire: row.questionnaire,
    eventCount,
    updatedAt: row.updatedAt,
  };
}

/** What is stored: the state, and features and tags as of now, for lists by tag and for whoever reads the table. */
export function writtenProfile(
  userId: string,
  state: ProfileState,
  questionnaire: Questionnaire | undefined,
  now: Date,
): WrittenProfile {
  const features = featuresOf(state, now);
  return { userId, state, features, tags: tagsOf(features, questionnaire, now) };
}
