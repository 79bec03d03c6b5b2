import type { Context } from '../graphql/context.js';
import { loaderOf } from '../graphql/loader.js';
import { type ModelVersionNode, modelVersionNode } from './model.type.js';
import type { ModelsService } from './models.service.js';

const KEY = {};

/**
 * The model version behind an edge; null without an id, and for a viewer without the scope models:read, who may know that a model was
 * used but not which.
 */
export async function loadModelVersion(
  models: ModelsService,
  context: Context,
  id: string | null,
): Promise<ModelVersionNode | null> {
  const { viewer } = context;
  if (!id || !viewer?.scopes.has('models:read')) return null;
  const version = await loaderOf(context, KEY, (ids: readonly string[]) => models.byIds(viewer, ids)).load(id);
  return version ? modelVersionNode(version) : null;
}
