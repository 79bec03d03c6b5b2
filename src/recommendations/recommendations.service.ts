import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.js';
import type { ScoringService } from '../engine/engine.js';
import type { ExplanationMethod } from '../engine/explanations/methods.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import type { ExperimentsService } from '../experiments/experiments.service.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { ActiveModel } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import type { Catalogue, CatalogueSource } from '../products/catalogue.js';
import { isExpired } from '../profiles/questionnaire.js';
import type { ScoringView, ScoringViews } from '../profiles/scoring-view.js';
import { isCredit } from '../risk/product-risk.js';
import type { RiskService } from '../risk/risk.service.js';
import type { Answer, AnswerItem } from './answer.js';
import { interestOf } from './behaviour.js';
import type { RecommendationFilter } from './candidates.js';
import { explainItems } from './explain.js';
import { type ModelInterest, interestOf as modelInterest } from './interest.js';
import { createNeighbours } from './neighbours.js';
import { decideItems, present, type RecommendationPage, rejectedOf, sameFilter } from './page.js';
import { type PipelineOutput, recommend } from './pipeline.js';
import type { Popularity } from './popularity.js';
import { PopularityCache } from './popularity-cache.js';
import { RecommendationsStore, type Signals } from './recommendations.store.js';
import { dismissedOf, groupOf, ownedIdsOf, strategyOf } from './user-facts.js';

export interface RecommendationModules {
  readonly database: Database;
  readonly models: Pick<ModelsService, 'withActive' | 'withVersion'>;
  readonly experiments: Pick<ExperimentsService, 'withModelFor'>;
  readonly scoring: Pick<ScoringService, 'scoreInterest' | 'retrieve' | 'explainInterest'>;
  /** Products that a model scores all of, at most; default: MOST_SCORED. */
  readonly mostScored?: number;
  readonly products: CatalogueSource;
  readonly profiles: Pick<ScoringViews, 'scoringViews' | 'rowsFor'>;
  readonly risk: Pick<RiskService, 'quick'>;
  readonly clock?: () => Date;
}

export interface RecommendRequest {
  readonly userId: string;
  /** 1 to 100. */
  readonly first: number;
  readonly filter?: RecommendationFilter;
  /** Explain the page's products by the model: costs a call of the scorer. */
  readonly reasons: boolean;
  /** How scores are taken apart; default: the best for the model. */
  readonly explainBy?: ExplanationMethod;
}

/** Where a page ended: in which stored answer, after which rank. */
export interface AnswerPosition {
  readonly answerId: string;
  readonly rank: number;
}

interface Loaded {
  readonly view: ScoringView;
  readonly catalogue: Catalogue;
  readonly signals: Signals;
  readonly popularity: Popularity;
}

export class RecommendationsService {
  private readonly store: RecommendationsStore;
  private readonly popularity: PopularityCache;
  private readonly neighbours = createNeighbours();

  constructor(private readonly modules: RecommendationModules) {
    this.store = new RecommendationsStore(modules.database);
    this.popularity = new PopularityCache((institutionId) => this.store.popularity(institutionId));
  }

  /**
   * A new answer: candidates, suitability, scores, order, reasons of the first page; stored before it is returned.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), NOT_FOUND
   */
  async recommend(viewer: Viewer | undefined, request: RecommendRequest): Promise<RecommendationPage> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const now = this.now();
    const loaded = await this.load(viewer, institutionId, request.userId, now);
    return this.modules.experiments.withModelFor(institutionId, request.userId, async (model, exposure) => {
      const { view, catalogue } = loaded;
      const strategy = strategyOf(model, view);
      const rowFor = async (of: ActiveModel) => (await this.modules.profiles.rowsFor(viewer, of, [view]))[0];
      const row = model && strategy === 'model' ? await rowFor(model) : view.row;
      const [interest, userRisk] = await Promise.all([
        model && strategy === 'model'
          ? modelInterest(this.modules.scoring, model, row, this.modules.mostScored)
          : undefined,
        catalogue.products.some(({ type }) => isCredit(type))
          ? this.modules.risk.quick(institutionId, rowFor)
          : undefined,
      ]);
      const segment = strategy === 'no_model' ? await this.store.segmentOf(institutionId, view.userId) : undefined;
      const output = this.rank(loaded, request.filter ?? {}, model, interest, userRisk, now, segment);
      const items = output.ranked.map(
        ({ item, rank, score, diversity }): AnswerItem => ({
          productId: item.product.id,
          code: item.product.code,
          rank,
          score,
          source: item.source,
          terms: diversity ? [...item.terms, diversity] : item.terms,
        }),
      );
      const answer: Answer = {
        id: randomUUID(),
        userId: view.userId,
        modelVersionId: strategy === 'model' ? model!.id : null,
        strategy,
        exposure: exposure ?? null,
        items,
        shown: Math.min(request.first, items.length),
        inputs: { row, filter: request.filter ?? {}, ...(userRisk && { userRisk }) },
        createdAt: now,
      };
      const decided = decideItems(answer, items.slice(0, request.first), catalogue, view, now);
      const handle = request.reasons ? model?.handle : undefined;
      const page = await this.explain(handle, answer, decided, catalogue, request.explainBy);
      const stored = { ...answer, items: [...page, ...items.slice(request.first)] };
      await this.modules.database.tenant(institutionId, (manager) => this.store.insert(manager, institutionId, stored));
      return present(stored, page, catalogue, answer.shown, output.rejected);
    });
  }

  /**
   * A further page of a stored answer. Products that have become unsuitable, owned or inactive since are left out of it.
   * @throws {ConcordError} as recommend, and BAD_INPUT where the answer is of another user or has another filter
   */
  async continue(
    viewer: Viewer | undefined,
    request: RecommendRequest,
    { answerId, rank }: AnswerPosition,
  ): Promise<RecommendationPage> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const now = this.now();
    const [answer, view, catalogue] = await Promise.all([
      this.store.byId(institutionId, answerId),
      this.viewOf(viewer, request.userId),
      this.modules.products.catalogue(viewer),
    ]);
    if (answer?.userId !== request.userId)
      throw badInput('The cursor in "after" is not of this user\'s recommendations.');
    if (request.filter && !sameFilter(request.filter, answer.inputs.filter))
      throw badInput('The filter of a further page is that of the first: leave it out, or begin anew.');
    const wanted = answer.items.slice(rank, rank + request.first);
    const decided = decideItems(answer, wanted, catalogue, view, now);
    const page = await this.explainStored(institutionId, answer, decided, catalogue, request);
    const shown = rank + wanted.length;
    await this.modules.database.tenant(institutionId, (manager) =>
      this.store.show(manager, institutionId, answer.id, shown, page),
    );
    return present(answer, page, catalogue, shown, rejectedOf(answer, catalogue, view, now));
  }

  /**
   * Loads and compiles what the first request of an institution would otherwise wait for. For the server's own start: nobody is asked
   * who they are, and nothing is told.
   */
  async warmUp(institutionId: string): Promise<void> {
    const nobody = { values: {}, owned: [] };
    const { models, scoring, risk } = this.modules;
    const interest = models.withActive(institutionId, 'interest', async (model) => {
      if (!model) return;
      await scoring.scoreInterest(model.handle, [nobody]);
      await scoring.explainInterest(model.handle, nobody, [...model.positions.keys()].slice(0, 1));
    });
    await Promise.all([interest, risk.quick(institutionId, async () => nobody), this.popularity.get(institutionId)]);
  }

  private now(): Date {
    return this.modules.clock?.() ?? new Date();
  }

  private async load(viewer: Viewer | undefined, institutionId: string, userId: string, now: Date): Promise<Loaded> {
    const [view, catalogue, signals, popularity] = await Promise.all([
      this.viewOf(viewer, userId),
      this.modules.products.catalogue(viewer),
      this.store.signals(institutionId, userId, now),
      this.popularity.get(institutionId),
    ]);
    return { view, catalogue, signals, popularity };
  }

  private async viewOf(viewer: Viewer | undefined, userId: string): Promise<ScoringView> {
    const view = (await this.modules.profiles.scoringViews(viewer, [userId])).get(userId);
    if (!view) throw notFound('user', toGlobalId('User', userId));
    return view;
  }

  private rank(
    { view, catalogue, signals, popularity }: Loaded,
    filter: RecommendationFilter,
    model: ActiveModel | undefined,
    interest: ModelInterest | undefined,
    userRisk: Answer['inputs']['userRisk'],
    now: Date,
    segment: number | undefined,
  ): PipelineOutput {
    const { questionnaire } = view;
    const ownedIds = ownedIdsOf(view);
    return recommend({
      // What the model knows and has not retrieved is not among the best.
      products:
        model && interest && interest.positions !== model.positions
          ? catalogue.products.filter(({ code }) => interest.positions.has(code) || !model.positions.has(code))
          : catalogue.products,
      ownedIds,
      filter,
      suitability: { questionnaire, userRisk },
      now,
      scores: {
        ...(model &&
          interest && {
            model: {
              ...interest,
              neighboursOf: this.neighbours(catalogue, model.id, model.positions),
            },
          }),
        popularity,
        group: groupOf(
          segment,
          questionnaire && !isExpired(questionnaire, now) ? questionnaire.riskTolerance : undefined,
        ),
        interest: interestOf(signals.events, catalogue.byId, now),
        dismissed: dismissedOf(signals, now),
        ownedIds,
      },
    });
  }

  private async explain(
    handle: string | undefined,
    { inputs }: Answer,
    items: AnswerItem[],
    catalogue: Catalogue,
    by?: ExplanationMethod,
  ): Promise<AnswerItem[]> {
    return handle ? explainItems(this.modules.scoring, { handle, row: inputs.row, by }, items, catalogue) : items;
  }

  private async explainStored(
    institutionId: string,
    answer: Answer,
    items: AnswerItem[],
    catalogue: Catalogue,
    { reasons, explainBy }: Pick<RecommendRequest, 'reasons' | 'explainBy'>,
  ): Promise<AnswerItem[]> {
    if (!reasons || !answer.modelVersionId) return items;
    try {
      return await this.modules.models.withVersion(institutionId, answer.modelVersionId, (model) =>
        this.explain(model.handle, answer, items, catalogue, explainBy),
      );
    } catch (error) {
      // A version that had learnt from an erased user is gone: what it said before stands, without reasons.
      if (error instanceof ConcordError && error.code === 'NOT_FOUND') return items;
      throw error;
    }
  }
}
