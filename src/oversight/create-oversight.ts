import type { Database } from '../database/database.js';
import type { ScoringService } from '../engine/engine.js';
import type { RunsService } from '../federation/runs.service.js';
import type { ModelsService } from '../models/models.service.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import type { ProductsService } from '../products/products.service.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import { CardService } from './card.service.js';
import { DriftService } from './drift.service.js';
import { FairnessService } from './fairness.service.js';
import type { RaisedAlert } from './report.js';
import { ReportsService } from './reports.service.js';

export interface OversightModules {
  readonly database: Database;
  readonly models: ModelsService;
  readonly products: Pick<ProductsService, 'snapshot'>;
  readonly profiles: Pick<ScoringViews, 'trainingViews'>;
  readonly scoring: ScoringService;
  readonly runs: Pick<RunsService, 'lineage'>;
  readonly ledger: Pick<LedgerService, 'institutionOf' | 'epsilon'>;
}

export interface OversightOptions {
  /** Concord's version. */
  readonly concord: string;
  /** From which a risk is high: where decisions part unless a threshold is given. */
  readonly threshold: number;
  /** Told when a report is graver than the one before. */
  readonly onRaised?: (alert: RaisedAlert) => void;
}

/** What watches over models in service: fairness, drift, and cards that say what is known of a version. */
export function createOversight({ concord, threshold, onRaised }: OversightOptions, modules: OversightModules) {
  const { database, models, products, profiles, scoring, runs, ledger } = modules;
  const reports = new ReportsService({ onRaised }, { database, ledger });
  const fairness = new FairnessService({ threshold }, { database, models, products, profiles, scoring, reports });
  const drift = new DriftService({ models, profiles, runs, scoring, reports });
  const cards = new CardService({ concord }, { models, runs, ledger, reports });
  return { reports, fairness, drift, cards };
}
