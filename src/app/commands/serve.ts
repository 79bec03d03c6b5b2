import { Command } from 'commander';
import { ConcordError } from '../../errors.js';
import { readConfig } from '../config.js';
import { createLogger } from '../log.js';
import { createOutput, EXIT } from '../output.js';
import { startServer } from '../server.js';
import { environmentHelp } from '../variables-help.js';
import { createWelcome, renderWelcome } from '../welcome.js';

/** `concord serve`: the server, until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Start the server: the embedded PostgreSQL or DATABASE_URL, migrations, the demo at the first start, GraphQL.',
    )
    .option('--json', 'print what is printed when ready as one JSON object')
    .addHelpText('after', () => `\n${environmentHelp()}`)
    .action(serve);
}

async function serve(options: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const output = createOutput(options);
  const log = createLogger(config.server);
  const asked = untilAskedToStop();
  const started = await startServer(
    config,
    { log, onProgress: ({ stage, fraction, figures }) => output.progress(stage, fraction, figures) },
    asked.signal,
  );
  const development = config.environment === 'development';
  const welcome = await createWelcome(started.runtime.services, {
    address: started.address,
    console: development,
    audience: config.tokens.audience,
    issuer: development ? started.issuer : undefined,
    demoNodes: started.demoNodes,
  });
  output.result(welcome, () => renderWelcome(welcome));
  log.info({ address: started.address }, 'ready');
  const reason = await asked.reason;
  await started.stop(reason);
}

/** The first Ctrl-C or SIGTERM asks, the second ends the process at once. */
function untilAskedToStop(): { readonly signal: AbortSignal; readonly reason: Promise<string> } {
  const controller = new AbortController();
  const reason = new Promise<string>((resolve) => {
    const onSignal = (name: NodeJS.Signals) => {
      if (controller.signal.aborted) process.exit(EXIT.cancelled);
      controller.abort(new ConcordError('CANCELLED', `Stopped by ${name}.`));
      resolve(name);
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
  return { signal: controller.signal, reason };
}
