import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { badInput } from '../../../errors.js';

/**
 * @returns the path of a descriptor's file, which lies in the data folder or below it.
 * @throws {ConcordError} BAD_INPUT where it leads out of the folder (by "..", an absolute path or a link), or is not there.
 */
export async function locate(dataDir: string, name: string): Promise<string> {
  const root = await realpath(dataDir).catch(() => {
    throw badInput(`There is no data folder ${dataDir}.`, { dataDir });
  });
  const wanted = resolve(root, name);
  if (isAbsolute(name) || !isBelow(root, wanted)) throw outside(name);
  const path = await realpath(wanted).catch(() => {
    throw badInput(`There is no file ${name} in the data folder ${dataDir}.`, { file: name, dataDir });
  });
  if (!isBelow(root, path)) throw outside(name);
  if (!(await stat(path)).isFile()) throw badInput(`${name} in the data folder is not a file.`, { file: name });
  return path;
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

const outside = (name: string) =>
  badInput(`The file "${name}" is not below the data folder: give a name relative to it, without "..".`, {
    file: name,
  });
