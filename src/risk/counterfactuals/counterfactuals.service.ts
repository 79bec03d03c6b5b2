import type { ScoringService } from '../../engine/engine.js';
import { badInput, ConcordError, notFound } from '../../errors.js';
import { toGlobalId } from '../../graphql/relay.js';
import { requireInstitution, type Viewer } from '../../graphql/viewer.js';
import type { ModelsService } from '../../models/models.service.js';
import type { ScoringViews } from '../../profiles/scoring-view.js';
import type { AttributeDescriptionsService } from '../../users/attribute-descriptions.service.js';
import { type FeatureName, featureNames } from '../feature-names.js';
import {
  checkThresholds,
  DEFAULT_THRESHOLDS,
  type RiskClass,
  type RiskThresholds,
  riskClassOf,
} from '../risk-class.js';
import { type Action, actionsOf } from './actions.js';
import { type Found, findCounterfactuals } from './search.js';
import type { Scored, Step } from './steps.js';
import { changeText, nothingFound } from './words.js';

export interface CounterfactualModules {
  readonly models: Pick<ModelsService, 'withActive'>;
  readonly scoring: Pick<ScoringService, 'scoreRisk'>;
  readonly profiles: Pick<ScoringViews, 'scoringViews' | 'rowsFor'>;
  readonly descriptions: Pick<AttributeDescriptionsService, 'all'>;
}

/** A column that would have to be different. */
export interface CounterfactualChange extends FeatureText {
  readonly feature: string;
  readonly from: number | string;
  readonly to: number | string;
  /** In spreads of the column among the training users; 1 for another category. */
  readonly distance: number;
  readonly text: string;
  readonly textZh: string;
}

/** What would have to be different, all at once. */
export interface Counterfactual {
  readonly changes: readonly CounterfactualChange[];
  /** As the model gave it for the user with these changes. */
  readonly probability: number;
  readonly class: RiskClass;
  /** Of all changes together. */
  readonly distance: number;
}

interface FeatureText {
  readonly label: string;
  readonly labelZh: string;
}

/** A column that was searched. */
export interface SearchedColumn extends FeatureText {
  readonly feature: string;
  readonly direction: Action['direction'];
  readonly declared: boolean;
}

export interface Counterfactuals {
  readonly userId: string;
  readonly probability: number;
  readonly class: RiskClass;
  readonly target: RiskClass;
  /** The probability must be below this. */
  readonly below: number;
  /** Easiest first; none where none was found, or none is needed. */
  readonly alternatives: readonly Counterfactual[];
  /** Why there are none; null where there are. */
  readonly message: string | null;
  readonly columns: readonly SearchedColumn[];
  readonly rowsScored: number;
  readonly modelVersionId: string;
}

/** What a user would have to change for their risk to be of a lower class. Nothing is stored. */
export class CounterfactualsService {
  private readonly thresholds: RiskThresholds;

  /** @throws {ConcordError} CONFIGURATION where the thresholds make no sense */
  constructor(
    options: { readonly thresholds?: RiskThresholds },
    private readonly modules: CounterfactualModules,
  ) {
    this.thresholds = checkThresholds(options.thresholds ?? DEFAULT_THRESHOLDS);
  }

  /**
   * @param target the class to be reached, or one that is lower still: low or medium
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), NOT_FOUND, BAD_INPUT, MODEL_UNAVAILABLE
   */
  async search(viewer: Viewer | undefined, userId: string, target: RiskClass): Promise<Counterfactuals> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    if (target === 'high') throw badInput('Every risk is high or lower: name the target low or medium.');
    const below = target === 'low' ? this.thresholds.medium : this.thresholds.high;
    const [views, descriptions] = await Promise.all([
      this.modules.profiles.scoringViews(viewer, [userId]),
      this.modules.descriptions.all(viewer),
    ]);
    const view = views.get(userId);
    if (!view) throw notFound('user', toGlobalId('User', userId));
    return this.modules.models.withActive(institutionId, 'risk', async (model) => {
      if (!model) throw new ConcordError('MODEL_UNAVAILABLE', 'No risk model is active.', { task: 'risk' });
      const [row] = await this.modules.profiles.rowsFor(viewer, model, [view]);
      const actions = actionsOf(model.features, row, descriptions);
      const score = (rows: Parameters<ScoringService['scoreRisk']>[1]) =>
        this.modules.scoring.scoreRisk(model.handle, rows);
      const [now] = await score([row]);
      const met = now < below;
      const found: Found = met
        ? { alternatives: [], rows: 1 }
        : await findCounterfactuals(row, now, actions, score, { below });
      const nameOf = featureNames(descriptions);
      return {
        userId,
        probability: now,
        class: this.classOf(now),
        target,
        below,
        alternatives: found.alternatives.map((alternative) => this.told(alternative, nameOf)),
        message: nothingFound(met, found.alternatives.length, actions.length, found.rows),
        columns: actions.map(({ column, direction, declared }) => ({
          feature: column,
          direction,
          declared,
          ...labels(nameOf(column)),
        })),
        rowsScored: found.rows,
        modelVersionId: model.id,
      };
    });
  }

  private classOf(probability: number): RiskClass {
    return riskClassOf(probability, this.thresholds);
  }

  private told({ steps, probability }: Scored, nameOf: (column: string) => FeatureName): Counterfactual {
    return {
      changes: steps.map((step) => change(step, nameOf(step.action.column))),
      probability,
      class: this.classOf(probability),
      distance: steps.reduce((sum, { candidate }) => sum + candidate.distance, 0),
    };
  }
}

const labels = ({ en, zh }: FeatureName): FeatureText => ({ label: en, labelZh: zh });

function change(step: Step, name: FeatureName): CounterfactualChange {
  const { action, candidate } = step;
  return {
    feature: action.column,
    ...labels(name),
    from: action.from,
    to: candidate.value,
    distance: candidate.distance,
    ...changeText(step, name),
  };
}
