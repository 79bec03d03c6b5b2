import type { FeatureContract } from '../../engine/encoders/contract.js';
import type { ModelName, Task } from '../../engine/engine.js';
import type { ShiftLevel } from '../../engine/metrics/drift/stability.js';
import type { ModelStatus } from '../../models/model-version.js';
import type { DriftReport } from '../drift-report.js';
import type { FairnessReport } from '../fairness-report.js';
import type { Population } from '../report.js';

/** What a card says: facts that Concord knows, and which are its own words. Plain JSON. */
export interface ModelCard {
  /** Of this format. */
  readonly schema: 'concord.model-card/1';
  /** ISO 8601. */
  readonly generatedAt: string;
  readonly concord: string;
  readonly version: VersionFacts;
  readonly inputs: readonly InputFacts[];
  /** How many products it ranks, or knows as owned; 0: none. */
  readonly products: number;
  readonly privacy: PrivacyFacts;
  readonly fairness: Dated<FairnessReport> | null;
  readonly drift: Dated<DriftReport> | null;
  /** The facts in the order of Annex IV to Regulation (EU) 2024/1689. */
  readonly sections: readonly CardSection[];
}

export type Dated<Report> = Report & Partial<Population> & { readonly measuredAt: string; readonly level: ShiftLevel };

export interface VersionFacts {
  readonly id: string | null;
  readonly task: Task;
  readonly model: ModelName;
  readonly number: number | null;
  readonly status: ModelStatus | null;
  readonly owner: 'consortium' | 'institution' | null;
  /** ISO 8601. */
  readonly createdAt: string | null;
  readonly activatedAt: string | null;
  readonly rolledBackAt: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly training: Readonly<Record<string, unknown>>;
  /** SHA-256 of the weights file. */
  readonly digest: string | null;
}

export interface InputFacts {
  readonly name: string;
  readonly kind: 'number' | 'category' | 'date';
  /** What it is encoded as. */
  readonly encoding: string;
}

/** ε of what a version has disclosed of each bank's users. */
export interface PrivacyFacts {
  readonly federated: boolean;
  readonly rounds: number;
  /** Upper bound by privacy loss distributions, for all of the version's rounds together. */
  readonly spent: readonly { readonly institution: string; readonly epsilon: number; readonly delta: number }[];
  /** More rounds made it than were added up: the figures are of the latest. */
  readonly incomplete: boolean;
}

/** A point of Annex IV, or several that are answered together. */
export interface CardSection {
  /** "1(a)". */
  readonly point: string;
  readonly title: string;
  /** What Concord knows or is. */
  readonly statements: readonly string[];
  readonly tables: readonly CardTable[];
  /** What nobody but the provider or deployer can say. */
  readonly toComplete: readonly string[];
}

export interface CardTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export function inputFacts({ features }: FeatureContract): InputFacts[] {
  const facts = new Map<string, InputFacts>();
  for (const feature of features) {
    const { column } = feature;
    if (feature.kind === 'categorical') {
      const more = [feature.unknown ? 'unknown' : '', feature.missing ? 'missing' : ''].filter(Boolean);
      const encoding = [`${feature.categories.length} categories`, ...more].join(', ');
      facts.set(column, { name: column, kind: 'category', encoding });
    } else if (feature.part) facts.set(column, { name: column, kind: 'date', encoding: 'days, year and month' });
    else {
      const pieces = feature.edges.length - 1;
      const shape = feature.encoding === 'piecewise' ? `piecewise linear, ${pieces} pieces` : `${pieces} bins`;
      const encoding = [
        pieces > 0 ? shape : 'a constant',
        ...(feature.codes.length > 0 ? [`${feature.codes.length} codes`] : []),
        ...(feature.missing ? ['missing'] : []),
      ].join(', ');
      facts.set(column, { name: column, kind: 'number', encoding });
    }
  }
  return [...facts.values()];
}
