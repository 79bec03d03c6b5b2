// Builds dist/: TypeScript to ESM. Quiet when all is well.
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(bin, ...args) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${bin}`, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
chmodSync(`${root}dist/src/app/bin.js`, 0o755);
