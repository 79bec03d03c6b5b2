import type { Database } from '../../src/database/database.js';
import { seedDemo } from '../../src/demo/seed.js';
import type { Engine } from '../../src/engine/engine.js';
import { ErasuresService } from '../../src/erasure/erasures.service.js';
import { ExperimentsService } from '../../src/experiments/experiments.service.js';
import { LikenessService } from '../../src/likeness/likeness.service.js';
import { ModelRegistry } from '../../src/models/model-registry.js';
import { ModelsService } from '../../src/models/models.service.js';
import { TrainingService } from '../../src/models/training.service.js';
import { PricesService } from '../../src/products/prices.service.js';
import { ProductsService } from '../../src/products/products.service.js';
import { ProfilesService } from '../../src/profiles/profiles.service.js';
import { FeedbackService } from '../../src/recommendations/feedback.service.js';
import { RecommendationsService } from '../../src/recommendations/recommendations.service.js';
import { CounterfactualsService } from '../../src/risk/counterfactuals/counterfactuals.service.js';
import { RiskService } from '../../src/risk/risk.service.js';
import { AttributeDescriptionsService } from '../../src/users/attribute-descriptions.service.js';
import { UsersService } from '../../src/users/users.service.js';

export const NOW = new Date('2026-03-01T12:00:00Z');

/** The services that score, over a database and an engine, with a clock that stands still. */
export function createServices(database: Database, engine: Pick<Engine, 'train' | 'scoring'>, clock = () => NOW) {
  const products = new ProductsService({ database });
  const prices = new PricesService({ products });
  const users = new UsersService({ database, products, erasures: new ErasuresService({ database }) });
  const profiles = new ProfilesService({ database, products, clock });
  const descriptions = new AttributeDescriptionsService({ database });
  const registry = new ModelRegistry({ database, scoring: engine.scoring });
  const models = new ModelsService({ database, registry });
  const training = new TrainingService({ engine, profiles, models, products });
  const common = { database, models, scoring: engine.scoring, products, profiles, clock };
  const risk = new RiskService({}, { ...common, descriptions });
  const counterfactuals = new CounterfactualsService({}, { ...common, descriptions });
  const experiments = new ExperimentsService({ database, models });
  const recommendations = new RecommendationsService({ ...common, experiments, risk });
  const likeness = new LikenessService(common);
  const feedback = new FeedbackService({ database });
  return {
    products,
    prices,
    users,
    descriptions,
    profiles,
    registry,
    models,
    training,
    risk,
    counterfactuals,
    experiments,
    recommendations,
    likeness,
    feedback,
  };
}

export type Services = ReturnType<typeof createServices>;

/** A small demo consortium, as of NOW. @returns its institutions. */
export async function seedSmall(database: Database, scale = 0.03): Promise<readonly { id: string; code: string }[]> {
  return (await seedDemo({ database, now: NOW, scale })).institutions;
}

/** Ids of users of an institution by external id. */
export async function userIds(database: Database, institutionId: string, limit = 1000): Promise<string[]> {
  const [rows] = await database.read<[{ id: string }[]]>(institutionId, {
    text: 'select id from concord.users where institution_id = $1 order by external_id limit $2',
    values: [institutionId, limit],
  });
  return rows.map(({ id }) => id);
}
