import type { Database } from '../database/database.js';
import { EmbeddingsService } from '../embeddings/embeddings.service.js';
import type { Engine, ScoringService } from '../engine/engine.js';
import { ErasureWork } from '../erasure/erasure-work.js';
import { ErasuresService } from '../erasure/erasures.service.js';
import { ExperimentsService } from '../experiments/experiments.service.js';
import { createFederation } from '../federation/create-federation.js';
import { SCOPES, type Viewer } from '../graphql/viewer.js';
import { InstitutionsService } from '../institutions/institutions.service.js';
import { LikenessService } from '../likeness/likeness.service.js';
import { ModelRegistry } from '../models/model-registry.js';
import { ModelsService } from '../models/models.service.js';
import { TrainingService } from '../models/training.service.js';
import { createOversight } from '../oversight/create-oversight.js';
import type { RaisedAlert } from '../oversight/report.js';
import type { BudgetLevel } from '../privacy/alert.js';
import { createPrivacy } from '../privacy/create-privacy.js';
import type { LedgerKey } from '../privacy/ledger.service.js';
import { PricesService } from '../products/prices.service.js';
import { ProductsService } from '../products/products.service.js';
import { ProfilesService } from '../profiles/profiles.service.js';
import { FeedbackService } from '../recommendations/feedback.service.js';
import { RecommendationsService } from '../recommendations/recommendations.service.js';
import { CounterfactualsService } from '../risk/counterfactuals/counterfactuals.service.js';
import { RiskService } from '../risk/risk.service.js';
import { DEFAULT_THRESHOLDS, type RiskThresholds } from '../risk/risk-class.js';
import { AttributeDescriptionsService } from '../users/attribute-descriptions.service.js';
import { UsersService } from '../users/users.service.js';
import { VERSION } from './version.js';

export interface ServiceModules {
  readonly database: Database;
  readonly engine: Engine;
  /** The engine's, or one that measures it. */
  readonly scoring: ScoringService;
  /** Signs checkpoints of ledgers. */
  readonly ledgerKey: LedgerKey;
  /** Told how near its cap a budget is. */
  readonly onBudgetLevel?: (level: BudgetLevel) => void;
  /** Told when a model's fairness or drift has become graver. */
  readonly onOversight?: (alert: RaisedAlert) => void;
  /** Told of what went wrong without a caller who could be told. */
  readonly onError?: (error: Error) => void;
  /** Default: see risk-class.ts. */
  readonly riskThresholds?: RiskThresholds;
}

export type Services = ReturnType<typeof createServices>;

/** The server itself, when it does what nobody asks for. */
const serverViewer = (institutionId?: string): Viewer => ({
  subject: 'server',
  client: 'operator',
  scopes: new Set(SCOPES),
  ...(institutionId && { institutionId }),
});

/** Every service, over one database and one engine. Close `privacy` when done. */
export function createServices(modules: ServiceModules) {
  const { database, engine, scoring, ledgerKey, onBudgetLevel, onOversight, onError, riskThresholds } = modules;
  const institutions = new InstitutionsService({ database });
  const products = new ProductsService({ database });
  const prices = new PricesService({ products });
  const profiles = new ProfilesService({ database, products });
  const embeddings = new EmbeddingsService({ database, engine, profiles });
  const erasures = new ErasuresService({ database });
  const users = new UsersService({ database, products, erasures });
  const descriptions = new AttributeDescriptionsService({ database });
  const registry = new ModelRegistry({ database, scoring });
  const models = new ModelsService({ database, registry });
  const training = new TrainingService({ engine, profiles, models, products });
  const erasureWork = new ErasureWork({
    database,
    engine,
    institutions,
    models,
    training,
    embeddings,
    viewerOf: serverViewer,
  });
  const risk = new RiskService(
    { thresholds: riskThresholds },
    { database, models, scoring, products, profiles, descriptions },
  );
  const counterfactuals = new CounterfactualsService(
    { thresholds: riskThresholds },
    { models, scoring, profiles, descriptions },
  );
  const experiments = new ExperimentsService({ database, models, onError });
  const recommendations = new RecommendationsService({
    database,
    models,
    experiments,
    scoring,
    products,
    profiles,
    risk,
  });
  const likeness = new LikenessService({ database, models, scoring, products, profiles });
  const feedback = new FeedbackService({ database });
  const privacy = createPrivacy({ database, institutions, key: ledgerKey, onLevel: onBudgetLevel });
  const federation = createFederation({ database, institutions, models, profiles, scoring, privacy });
  const oversight = createOversight(
    { concord: VERSION, threshold: (riskThresholds ?? DEFAULT_THRESHOLDS).high, onRaised: onOversight },
    { database, models, products, profiles, scoring, runs: federation.runs, ledger: privacy.ledger },
  );
  return {
    ...{
      institutions,
      products,
      prices,
      profiles,
      embeddings,
      erasures,
      erasureWork,
      users,
      models,
      training,
      risk,
      experiments,
    },
    ...{ descriptions, counterfactuals, recommendations, likeness, feedback },
    ...{ privacy, federation, oversight },
  };
}
