import { Command } from 'commander';
import { type Config, readConfig } from '../config.js';
import {
  attempt,
  type BackendFinding,
  checkBackends,
  checkDatabase,
  checkDataFolder,
  checkNode,
  checkPort,
  checkTokens,
  type Finding,
  finding,
} from '../doctor/checks.js';
import { createOutput, EXIT, table } from '../output.js';
import { environmentHelp } from '../variables-help.js';
import { VERSION } from '../version.js';

/** `concord doctor`: what is here, what will be used, why nothing better, and what is broken (exit code 1). */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check configuration, versions, data folder, database, port and tensor backends; say what is wrong.')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', () => `\n${environmentHelp()}`)
    .action(examine);
}

async function examine(options: { json?: boolean }): Promise<void> {
  const output = createOutput(options);
  const config = configuration();
  const findings: Finding[] = [checkNode()];
  let backends: readonly BackendFinding[] = [];
  if (config instanceof Error) {
    findings.push(finding('configuration', 'failure', config.message));
  } else {
    findings.push(finding('configuration', 'ok', config.environment), checkTokens(config));
    findings.push(await attempt('data folder', () => checkDataFolder(config)));
    findings.push(await attempt('database', () => checkDatabase(config)));
    findings.push(await attempt('port', () => checkPort(config)));
    const checked = await checkBackends(config);
    findings.push(checked.finding);
    ({ backends } = checked);
  }
  const ok = findings.every(({ status }) => status !== 'failure');
  output.result({ ok, version: VERSION, findings, backends }, () => render(findings, backends));
  if (!ok) process.exitCode = EXIT.failure;
}

function configuration(): Config | Error {
  try {
    return readConfig();
  } catch (error) {
    return error as Error;
  }
}

function render(findings: readonly Finding[], backends: readonly BackendFinding[]): string {
  const found = table(findings.map(({ name, status, detail }) => ({ check: name, status, detail })));
  const offered = backends.map(({ name, chosen, available, device, reason }) => ({
    backend: name,
    use: chosen ? 'chosen' : available ? 'works' : 'no',
    why: [device, reason].filter(Boolean).join('. '),
  }));
  return [`Concord ${VERSION}`, found, ...(offered.length > 0 ? [table(offered)] : [])].join('\n\n');
}
