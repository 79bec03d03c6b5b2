import type { FeatureContract } from '../../engine/encoders/contract.js';
import type { DriftReport } from '../drift-report.js';
import type { FairnessReport } from '../fairness-report.js';
import { type Dated, inputFacts, type ModelCard, type PrivacyFacts, type VersionFacts } from './card.js';
import { sectionsOf } from './sections.js';

export interface CardInput {
  readonly concord: string;
  readonly at: Date;
  readonly version: VersionFacts;
  /** Absent where nothing but an evaluation is known. */
  readonly contract?: FeatureContract;
  readonly privacy: PrivacyFacts;
  readonly fairness?: Dated<FairnessReport>;
  readonly drift?: Dated<DriftReport>;
}

/** Puts together what is known of a version. Nothing is made up: what Concord cannot know is listed as to be completed. */
export function makeCard({ concord, at, version, contract, privacy, fairness, drift }: CardInput): ModelCard {
  const facts = {
    schema: 'concord.model-card/1',
    generatedAt: at.toISOString(),
    concord,
    version,
    inputs: contract ? inputFacts(contract) : [],
    products: contract?.products.length ?? 0,
    privacy,
    fairness: fairness ?? null,
    drift: drift ?? null,
  } as const;
  return { ...facts, sections: sectionsOf(facts) };
}
