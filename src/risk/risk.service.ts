import type { Database } from '../database/database.js';
import type { UserRow } from '../engine/data/dataset.js';
import type { ScoringService } from '../engine/engine.js';
import type { ExplanationMethod } from '../engine/explanations/methods.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { ActiveModel } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import { type Reason, reasonsOf } from '../models/reasons.js';
import type { ProductsService } from '../products/products.service.js';
import { isExpired } from '../profiles/questionnaire.js';
import type { ScoringView, ScoringViews } from '../profiles/scoring-view.js';
import type { AttributeDescriptionsService } from '../users/attribute-descriptions.service.js';
import type { RiskAssessment, RiskSubject } from './assessment.js';
import { featureNames, termName } from './feature-names.js';
import { sigmoid } from './log-odds.js';
import { pairRisk } from './pair-risk.js';
import { MOST_PRINCIPAL, type PrincipalReason, principalReasons } from './principal-reasons.js';
import { type Assessed, isCredit, productRisk } from './product-risk.js';
import { type AssessmentKey, RiskStore } from './risk.store.js';
import { checkThresholds, DEFAULT_THRESHOLDS, type RiskClass, type RiskThresholds, riskClassOf } from './risk-class.js';

export interface RiskModules {
  readonly database: Database;
  readonly models: ModelsService;
  readonly scoring: ScoringService;
  readonly products: Pick<ProductsService, 'one' | 'snapshot'>;
  readonly profiles: Pick<ScoringViews, 'scoringViews' | 'rowsFor'>;
  readonly descriptions: Pick<AttributeDescriptionsService, 'all'>;
  readonly clock?: () => Date;
}

/** A user's risk by a model that is active. */
interface ModelRisk extends Assessed {
  readonly logOdds: number;
  readonly model: ActiveModel;
  readonly principal: readonly PrincipalReason[];
}

export interface AssessRequest {
  readonly userId?: string;
  readonly productId?: string;
  /** How a model's score is taken apart; default: the best for the model. */
  readonly explainBy?: ExplanationMethod;
}

export class RiskService {
  private readonly thresholds: RiskThresholds;
  private readonly store: RiskStore;

  /** @throws {ConcordError} CONFIGURATION where the thresholds make no sense */
  constructor(
    options: { readonly thresholds?: RiskThresholds },
    private readonly modules: RiskModules,
  ) {
    this.thresholds = checkThresholds(options.thresholds ?? DEFAULT_THRESHOLDS);
    this.store = new RiskStore(modules.database);
  }

  /**
   * Assesses a user, a product, or a product for a user, and stores the assessment.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), BAD_INPUT where neither is given or the
   *   model has no such explanation, NOT_FOUND,
   *   MODEL_UNAVAILABLE where a user's risk is needed (of a user, or of a loan or card for a user) and no risk model is active
   */
  async assess(viewer: Viewer | undefined, { userId, productId, explainBy }: AssessRequest): Promise<RiskAssessment> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    if (!userId && !productId) throw badInput('Name a user, a product, or both.');
    const [view, product] = await Promise.all([
      userId ? this.viewOf(viewer, userId) : undefined,
      productId ? this.modules.products.one(viewer, productId) : undefined,
    ]);
    if (!view) {
      const risk = productRisk(product!);
      return this.keep(institutionId, 'product', { productId }, risk, principalTerms(risk.reasons));
    }
    const user = await this.userRisk(viewer, institutionId, view, explainBy);
    if (!product) {
      const risk = user ?? unavailable();
      return this.keep(institutionId, 'user', { userId }, risk, risk.principal);
    }
    if (isCredit(product.type) && !user) unavailable();
    const valid =
      view.questionnaire && !isExpired(view.questionnaire, this.modules.clock?.() ?? new Date())
        ? view.questionnaire
        : undefined;
    const pair = pairRisk(product, valid, user);
    const risk = { ...pair, model: user?.model };
    return this.keep(institutionId, 'user_product', { userId, productId }, risk, principalOfPair(pair, user));
  }

  /**
   * What was assessed of a user, newest first, at most `limit` after `after`.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), NOT_FOUND
   */
  async ofUser(
    viewer: Viewer | undefined,
    userId: string,
    limit: number,
    after?: AssessmentKey,
  ): Promise<{ assessment: RiskAssessment; key: AssessmentKey }[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    await this.viewOf(viewer, userId);
    return this.store.ofUser(institutionId, userId, limit, after);
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<RiskAssessment> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const assessment = await this.store.byId(institutionId, id);
    if (!assessment) throw notFound('risk assessment', toGlobalId('RiskAssessment', id));
    return assessment;
  }

  /**
   * For recommendations: a user's risk without reasons, and nothing stored. The caller has authorised.
   * @param rowFor what a model reads of the user
   * @returns undefined where no risk model is active
   */
  async quick(
    institutionId: string,
    rowFor: (model: ActiveModel) => Promise<UserRow>,
  ): Promise<{ probability: number; class: RiskClass } | undefined> {
    return this.modules.models.withActive(institutionId, 'risk', async (model) => {
      if (!model) return undefined;
      const [probability] = await this.modules.scoring.scoreRisk(model.handle, [await rowFor(model)]);
      return { probability, class: riskClassOf(probability, this.thresholds) };
    });
  }

  private async viewOf(viewer: Viewer | undefined, userId: string): Promise<ScoringView> {
    const view = (await this.modules.profiles.scoringViews(viewer, [userId])).get(userId);
    if (!view) throw notFound('user', toGlobalId('User', userId));
    return view;
  }

  private async userRisk(
    viewer: Viewer | undefined,
    institutionId: string,
    view: ScoringView,
    explainBy?: ExplanationMethod,
  ): Promise<ModelRisk | undefined> {
    const [descriptions, { byCode }] = await Promise.all([
      this.modules.descriptions.all(viewer),
      this.modules.products.snapshot(viewer),
    ]);
    const productName = (code: string) => byCode.get(code)?.name;
    return this.modules.models.withActive(institutionId, 'risk', async (model) => {
      if (!model) return undefined;
      const [row] = await this.modules.profiles.rowsFor(viewer, model, [view]);
      const explanation = await this.modules.scoring.explainRisk(model.handle, row, explainBy);
      const { base, score } = explanation;
      const reasons = reasonsOf(explanation, 'risk', { productName });
      const nameOf = featureNames(descriptions);
      const principal = principalReasons(reasons, { nameOf, productName, features: model.features });
      return { probability: sigmoid(score), logOdds: score, base, reasons, method: 'model', model, principal };
    });
  }

  private keep(
    institutionId: string,
    subject: RiskSubject,
    ids: { readonly userId?: string; readonly productId?: string },
    { probability, base, reasons, method, model }: Assessed & { readonly model?: ActiveModel },
    principal: readonly PrincipalReason[],
  ): Promise<RiskAssessment> {
    return this.modules.database.tenant(institutionId, (manager) =>
      this.store.insert(manager, institutionId, {
        subject,
        userId: ids.userId ?? null,
        productId: ids.productId ?? null,
        probability,
        class: riskClassOf(probability, this.thresholds),
        method,
        modelVersionId: model?.id ?? null,
        base,
        reasons,
        principalReasons: principal,
      }),
    );
  }
}

const principalTerms = (reasons: readonly Reason[]) => principalReasons(reasons, { nameOf: termName });

/**
 * Of a loan for a user: "the user's own risk" is no reason that helps anybody, so it is taken apart into those of the model, whose contributions add
 * up to it. Of an investment: the terms of the formula.
 */
function principalOfPair({ method, reasons }: Assessed, user: ModelRisk | undefined): readonly PrincipalReason[] {
  if (method !== 'user-credit' || !user) return principalTerms(reasons);
  const ofProduct = principalTerms(reasons.filter(({ feature }) => feature !== 'userRisk'));
  return [...user.principal, ...ofProduct].sort((a, b) => b.contribution - a.contribution).slice(0, MOST_PRINCIPAL);
}

function unavailable(): never {
  throw new ConcordError(
    'MODEL_UNAVAILABLE',
    'No risk model is active. Train one with `concord train --task risk`, or activate one with activateModel.',
    { task: 'risk' },
  );
}
