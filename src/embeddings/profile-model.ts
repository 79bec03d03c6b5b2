import type { Segment, TrainedProfiles, Trait } from '../engine/profiling/model.js';

/** A profile model as others see it: without contract and weights. */
export interface ProfileModelInfo extends Pick<TrainedProfiles, 'segments' | 'metrics' | 'training'> {
  readonly id: string;
  readonly createdAt: Date;
}

/** What a segment is called: its two largest traits in words. */
export function labelOf({ traits }: Pick<Segment, 'traits'>): string {
  return traits.length === 0 ? 'like everyone' : traits.slice(0, 2).map(traitLabel).join(', ');
}

/** A trait in words: "high income", "job: nurse", "owns FUND-A", "seldom owns FUND-A". */
export function traitLabel({ feature, category, effect }: Trait): string {
  const owned = /^owned:(.*)$/.exec(feature);
  const seldom = effect < 0 ? 'seldom ' : '';
  if (owned) return `${seldom}owns ${owned[1]}`;
  if (category !== null) return `${seldom}${feature}: ${category}`;
  return `${effect < 0 ? 'low' : 'high'} ${feature.replace(/^profile\./, '')}`;
}

/** Above this share of users with a smaller reconstruction error a profile is called unusual. */
export const UNUSUAL = 0.99;
