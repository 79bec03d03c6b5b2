import type { Database } from '../database/database.js';
import { declaredContract } from '../engine/encoders/public-contract.js';
import { type PublicDeclaration, publicGrid } from '../engine/encoders/public-grid.js';
import type { ModelName, Task } from '../engine/engine.js';
import { declarationFor, initialParameters, toTrainedModel } from '../engine/models/federated.js';
import { badInput } from '../errors.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import type { ModelVersionInfo } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';

export interface NewBaseModel {
  readonly task: Task;
  readonly model: ModelName;
  /** What is public of the inputs: nothing of it is taken from data. */
  readonly declaration: Omit<PublicDeclaration, 'holdings'>;
  /** Of a numeric column, at most. */
  readonly bins: number;
}

/** Versions from which runs start: untrained, over a feature contract that follows from a public declaration alone. */
export class BaseModelsService {
  constructor(private readonly modules: { readonly database: Database; readonly models: ModelsService }) {}

  /**
   * A shared candidate: it serves nobody.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope rounds:admin), BAD_INPUT
   */
  async create(viewer: Viewer | undefined, request: NewBaseModel): Promise<ModelVersionInfo> {
    requireScope(viewer, 'rounds:admin');
    const { task, model, declaration, bins } = request;
    const { columns, products, series } = declaration;
    const names = columns.map(({ name }) => name);
    if (new Set(names).size < names.length) throw badInput('Each column is declared once.');
    if (new Set(products).size < products.length) throw badInput('Each product is declared once.');
    if (task === 'interest' && products.length < 2) throw badInput('Interest needs two products or more.');
    if (task === 'risk' && columns.length === 0) throw badInput('Risk needs a column or more.');
    const interest = task === 'interest';
    const declared = declarationFor(model, {
      columns,
      series,
      products: interest ? products : [],
      holdings: interest,
    });
    const contract = { ...declaredContract(publicGrid(declared), bins) };
    const parameters = initialParameters(model, task, contract);
    const about = { metrics: {}, training: { federated: true, parameters: parameters.length, declaration: declared } };
    const untrained = toTrainedModel(task, model, contract, parameters, about);
    const { database, models } = this.modules;
    return database.consortium((manager) => models.addShared(manager, untrained));
  }
}
