import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { ROOT } from '../version.js';

/** GraphiQL runs from here alone: no other origin is asked for anything. Its editor sets styles, and starts workers from blobs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/** Where scripts/build.mjs puts the page. */
export const CONSOLE_FOLDER = join(ROOT, 'dist', 'console');

/** Serves GraphiQL at /graphiql from the files of the build. @returns false where it has not been built */
export function registerConsole(server: FastifyInstance, folder = CONSOLE_FOLDER): boolean {
  if (!existsSync(join(folder, 'index.html'))) return false;
  const files = new Set(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')),
  );
  server.get('/', (_request, reply) => reply.redirect('/graphiql'));
  server.get<{ Params: { '*'?: string } }>('/graphiql/*', (request, reply) => {
    const name = request.params['*'] || 'index.html';
    if (!files.has(name)) return reply.callNotFound();
    return reply
      .headers({
        'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
        'content-encoding': 'gzip',
        'content-security-policy': POLICY,
        // Vite puts a hash of the content into every name but the page's own.
        'cache-control': name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
      })
      .send(gzipSync(readFileSync(join(folder, name)), { level: 6 }));
  });
  server.get('/graphiql', (_request, reply) => reply.redirect('/graphiql/'));
  return true;
}
