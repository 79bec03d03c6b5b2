import type { Database } from '../database/database.js';
import type { ScoringService } from '../engine/engine.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { ModelsService } from '../models/models.service.js';
import type { BudgetsService } from '../privacy/budgets.service.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import { BaseModelsService } from './base-models.service.js';
import { createMeasure } from './measure.js';
import { NodesService } from './nodes.service.js';
import { RoundSteps } from './round-steps.js';
import { type RoundTicker, startRoundTicker } from './round-ticker.js';
import { RoundWork } from './round-work.js';
import { RoundsService } from './rounds.service.js';
import { RunsService } from './runs.service.js';

export interface FederationModules {
  readonly database: Database;
  readonly institutions: InstitutionsService;
  readonly models: ModelsService;
  readonly profiles: Pick<ScoringViews, 'trainingViews'>;
  readonly scoring: ScoringService;
  readonly privacy: { readonly budgets: BudgetsService; readonly ledger: LedgerService };
}

/** Nodes, runs and rounds; nothing happens to rounds by itself before `start`. */
export function createFederation({ database, institutions, models, profiles, scoring, privacy }: FederationModules) {
  const { budgets, ledger } = privacy;
  const baseModels = new BaseModelsService({ database, models });
  const nodes = new NodesService({ database, institutions });
  const steps = new RoundSteps({ models, budgets });
  const runs = new RunsService({ database, institutions, models, nodes, ledger, steps });
  const rounds = new RoundsService({ database, nodes, budgets, ledger, steps });
  const work = new RoundWork({ database, models, steps, measure: createMeasure({ models, profiles, scoring }) });
  /** Deadlines, aggregation and evaluation, from now on. Every server of a consortium may do it. */
  const start = (onError: (error: unknown) => void): Promise<RoundTicker> =>
    startRoundTicker({ work, listen: (wake) => database.listen('concord_rounds', wake) }, onError);
  return { baseModels, nodes, runs, rounds, start };
}
