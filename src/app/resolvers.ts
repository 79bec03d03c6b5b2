import type { GraphQLSchema } from 'graphql';
import {
  EmbeddingsResolver,
  ProfileEmbeddingResolver,
  ProfileModelResolver,
} from '../embeddings/embeddings.resolver.js';
import { ErasedModelResolver, ErasuresResolver, erasureFinder } from '../erasure/erasures.resolver.js';
import {
  ExperimentsResolver,
  ExperimentVariantResolver,
  experimentFinder,
} from '../experiments/experiments.resolver.js';
import { federationNodeFinder, NodesResolver } from '../federation/nodes.resolver.js';
import { RoundsResolver } from '../federation/rounds.resolver.js';
import { LineageResolver, RunsResolver, roundFinder, trainingRunFinder } from '../federation/runs.resolver.js';
import { NodeResolver } from '../graphql/node.resolver.js';
import { createSchema, type ResolverClass } from '../graphql/schema.js';
import { ViewerResolver } from '../graphql/viewer.resolver.js';
import {
  InstitutionsResolver,
  institutionFinder,
  ViewerInstitutionResolver,
} from '../institutions/institutions.resolver.js';
import { LikeProductsResolver, LikeUsersResolver } from '../likeness/likeness.resolver.js';
import { ModelsResolver, modelVersionFinder } from '../models/models.resolver.js';
import { ModelOversightResolver, OversightResolver } from '../oversight/oversight.resolver.js';
import { BudgetsResolver, LedgerResolver } from '../privacy/privacy.resolver.js';
import { PricesResolver } from '../products/prices.resolver.js';
import { ProductsResolver, productFinder } from '../products/products.resolver.js';
import { ProfilesResolver, UserProfileResolver } from '../profiles/profiles.resolver.js';
import { FeedbackResolver } from '../recommendations/feedback.resolver.js';
import { RecommendationsResolver } from '../recommendations/recommendations.resolver.js';
import { CounterfactualsResolver } from '../risk/counterfactuals/counterfactuals.resolver.js';
import { RiskFiguresResolver } from '../risk/market/risk-figures.resolver.js';
import { RiskResolver, riskAssessmentFinder } from '../risk/risk.resolver.js';
import { AttributeDescriptionsResolver } from '../users/attribute-descriptions.resolver.js';
import { HoldingsResolver, UsersResolver, userFinder } from '../users/users.resolver.js';
import type { Services } from './services.js';

/** The resolvers of the features. */
const RESOLVERS: readonly ResolverClass[] = [
  InstitutionsResolver,
  ViewerInstitutionResolver,
  UsersResolver,
  ErasuresResolver,
  ErasedModelResolver,
  HoldingsResolver,
  AttributeDescriptionsResolver,
  ProductsResolver,
  PricesResolver,
  ProfilesResolver,
  UserProfileResolver,
  ProfileEmbeddingResolver,
  EmbeddingsResolver,
  ProfileModelResolver,
  ModelsResolver,
  RiskResolver,
  RiskFiguresResolver,
  CounterfactualsResolver,
  RecommendationsResolver,
  LikeProductsResolver,
  LikeUsersResolver,
  FeedbackResolver,
  ExperimentsResolver,
  ExperimentVariantResolver,
  BudgetsResolver,
  LedgerResolver,
  NodesResolver,
  RunsResolver,
  LineageResolver,
  RoundsResolver,
  OversightResolver,
  ModelOversightResolver,
];

/** The schema that serves. */
export function createApiSchema(services: Services): GraphQLSchema {
  const { institutions, products, prices, profiles, users, models, risk, recommendations, feedback } = services;
  const { embeddings, erasures, experiments, likeness, privacy } = services;
  const { baseModels, nodes, runs, rounds } = services.federation;
  const { reports, fairness, drift, cards } = services.oversight;
  const node = new NodeResolver({
    Institution: institutionFinder(institutions),
    User: userFinder(users),
    Product: productFinder(products),
    ModelVersion: modelVersionFinder(models),
    RiskAssessment: riskAssessmentFinder(risk),
    Experiment: experimentFinder(experiments),
    Erasure: erasureFinder(erasures),
    FederationNode: federationNodeFinder(nodes),
    TrainingRun: trainingRunFinder(runs),
    Round: roundFinder(runs),
  });
  return createSchema(RESOLVERS, [
    node,
    new ViewerResolver(),
    new InstitutionsResolver(institutions),
    new ViewerInstitutionResolver(institutions),
    new UsersResolver(users, erasures),
    new ErasuresResolver(erasures),
    new ErasedModelResolver(models),
    new HoldingsResolver(products),
    new AttributeDescriptionsResolver(services.descriptions),
    new ProductsResolver(products),
    new PricesResolver(prices),
    new ProfilesResolver(profiles),
    new UserProfileResolver(profiles),
    new ProfileEmbeddingResolver(embeddings),
    new EmbeddingsResolver(embeddings, users),
    new ProfileModelResolver(embeddings),
    new ModelsResolver(models),
    new RiskResolver(risk, { models, products, users }),
    new RiskFiguresResolver(),
    new CounterfactualsResolver(services.counterfactuals),
    new RecommendationsResolver(recommendations, { models }),
    new LikeProductsResolver(likeness, products),
    new LikeUsersResolver(likeness, users),
    new FeedbackResolver(feedback),
    new ExperimentsResolver(experiments),
    new ExperimentVariantResolver(models),
    new BudgetsResolver(privacy.budgets, privacy.ledger),
    new LedgerResolver(privacy.ledger),
    new NodesResolver(nodes),
    new RunsResolver(runs, baseModels),
    new LineageResolver(runs),
    new RoundsResolver(rounds),
    new OversightResolver(reports, fairness, drift),
    new ModelOversightResolver(reports, cards),
  ]);
}

/** The same schema with nothing behind it, to be printed. */
export const createBareSchema = (): GraphQLSchema => createSchema(RESOLVERS);
