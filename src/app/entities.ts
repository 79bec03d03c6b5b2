import { Institution } from '../institutions/institution.entity.js';
import { ModelVersion, ModelWeights } from '../models/model-version.entity.js';
import { Product } from '../products/product.entity.js';
import { BehaviourEvent } from '../profiles/behaviour-event.entity.js';
import { Profile } from '../profiles/profile.entity.js';
import { Questionnaire } from '../profiles/questionnaire.entity.js';
import { Feedback } from '../recommendations/feedback.entity.js';
import { Recommendation } from '../recommendations/recommendation.entity.js';
import { RiskAssessment } from '../risk/risk-assessment.entity.js';
import { Holding } from '../users/holding.entity.js';
import { User } from '../users/user.entity.js';

/** Every entity, for the data source: the database cannot name the features that it serves. */
export const entities = [
  Institution,
  User,
  Questionnaire,
  Profile,
  Product,
  Holding,
  BehaviourEvent,
  ModelVersion,
  ModelWeights,
  RiskAssessment,
  Recommendation,
  Feedback,
];
