// Builds dist/: TypeScript to ESM, and the GraphiQL page. Quiet when all is well; quick when little has changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program of node_modules; the build fails as it does. */
function run(bin, ...args) {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, stdio: 'inherit' };
    spawn(process.execPath, [join(root, 'node_modules', bin), ...args], options).on('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`${bin} failed`)),
    );
  });
}

async function buildServer() {
  const incremental = ['--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo'];
  await run('typescript/bin/tsc', '--project', 'tsconfig.build.json', ...incremental);
  chmodSync(join(root, 'dist/src/app/bin.js'), 0o755);
}

/** The page depends on its own sources and on the packages that are locked; its stamp says of which it was built. */
async function buildConsole() {
  const folder = join(root, 'src/console');
  const files = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  const hash = createHash('sha256');
  for (const file of [...files, join(root, 'package-lock.json')]) hash.update(readFileSync(file));
  const wanted = hash.digest('hex');
  const stamp = join(root, 'dist/console/.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await run('vite/bin/vite.js', 'build', '--config', 'src/console/vite.config.js');
  writeFileSync(stamp, wanted);
}

const failed = (await Promise.allSettled([buildServer(), buildConsole()])).filter(
  ({ status }) => status === 'rejected',
);
if (failed.length > 0) process.exit(1);
