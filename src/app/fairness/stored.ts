import type { Task } from '../../engine/engine.js';
import { badInput, ConcordError } from '../../errors.js';
import { fromGlobalId } from '../../graphql/relay.js';
import type { Viewer } from '../../graphql/viewer.js';
import { MODEL_TASKS } from '../../models/model-version.js';
import { localViewer, type Runtime } from '../composition.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Who acts for an institution at the command line.
 * @param code undefined: for the consortium
 * @throws {ConcordError} NOT_FOUND
 */
export async function viewerFor({ services }: Runtime, code: string | undefined): Promise<Viewer> {
  if (code === undefined) return localViewer();
  const id = await services.institutions.idOf(code);
  if (!id) throw new ConcordError('NOT_FOUND', `There is no institution with the code ${code}.`);
  return localViewer(id);
}

/**
 * The version that is meant: by its id, as the API gives it or as it is stored, or by a task, whose active version serves the viewer.
 * @throws {ConcordError} BAD_INPUT, NOT_FOUND
 */
export async function versionOf({ services }: Runtime, viewer: Viewer, named: string): Promise<string> {
  if (!(MODEL_TASKS as readonly string[]).includes(named))
    return UUID.test(named) ? named : fromGlobalId('ModelVersion', named);
  const active = await services.models.active(viewer, named as Task);
  if (!active) throw badInput(`No model is active for ${named}: train one with concord train, or name a version.`);
  return active.id;
}
