import { createServer } from 'node:net';
import { tsImport } from 'tsx/esm/api';

/**
 * One PostgreSQL for the whole run, started when the first test file asks for it (useTestDatabase): unit tests don't wait for it.
 * Jest's workers ask its main process, which lives as long as the run does. jest loads this file as it is, hence not TypeScript.
 */
export default async function globalSetup() {
  let server;
  const start = async () => {
    const { startTestServer } = await tsImport('./database-server.ts', import.meta.url);
    return startTestServer(process.env.TEST_DATABASE_URL);
  };
  const listener = createServer((socket) => {
    socket.on('error', () => undefined); // the worker gave up
    server ??= start();
    server.then(
      ({ ownerUrl, template }) => socket.end(JSON.stringify({ ownerUrl, template })),
      (error) => socket.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  listener.unref();
  process.env.TEST_DATABASE_SERVER = String(listener.address().port);
  globalThis.stopTestDatabase = async () => {
    listener.close();
    await (await server?.catch(() => undefined))?.stop();
  };
}
