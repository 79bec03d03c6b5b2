import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BIN, environment, ROOT, type RunningServer, runConcord, startServerProcess } from './server-process.js';

/** A bank's files, its key and token, and its node as the coordinator knows it. */
export interface Bank {
  readonly code: string;
  readonly institutionId: string;
  readonly node: { readonly id: string; readonly nodeId: string };
  readonly key: string;
  readonly token: string;
}

const BUDGET = { epsilon: 8, delta: 1e-5 };

/** Made-up customers: who pays late, and who earns little, defaults more often. */
function csv(bank: string, users: number): string {
  const rows = Array.from({ length: users }, (_, user) => {
    const delay = (user * 7 + bank.length) % 6;
    const income = 1000 + ((user * 37) % 900);
    return `${bank}-${user},${income},${delay},${(user * 13) % 10 < 1 + delay * 1.5 ? 1 : 0}`;
  });
  return ['id,income,delay,defaulted', ...rows, ''].join('\n');
}

const DESCRIPTOR = {
  ...{ name: 'bank', task: 'risk', label: { column: 'defaulted', positive: 1 } },
  users: { file: 'users.csv', id: 'id', columns: { income: 'numeric', delay: 'numeric' } },
};

/** A server of its own on a port of its own, and banks with data of their own, all of them processes. */
export class FederationProcesses {
  readonly children: ChildProcess[] = [];
  server!: RunningServer;
  private env: Readonly<Record<string, string>> = {};

  constructor(readonly folder: string) {}

  /** On the same port each time: nodes find it again. */
  async start(): Promise<void> {
    if (!this.env.PORT) {
      const backend = { CONCORD_DEMO: 'off', CONCORD_BACKEND: 'onnxruntime' };
      this.env = { CONCORD_DATA_DIR: join(this.folder, 'data'), PORT: String(await freePort()), ...backend };
    }
    this.server = await startServerProcess(this.env);
  }

  /** Kills what still runs, and stops the server. */
  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.server.stop();
  }

  /** Runs a command that must succeed. @returns the JSON object that it prints */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  async concord(...args: string[]): Promise<any> {
    const { code, stdout, stderr } = await runConcord([...args, '--json'], this.env);
    if (code !== 0) throw new Error(`concord ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return JSON.parse(stdout.trim().split('\n').at(-1)!);
  }

  /** Asks the server, by default as its operator, and expects data. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  async ask(query: string, variables: object = {}, token = this.server.tokens.operator): Promise<any> {
    const { body } = await this.server.graphql(token, query, variables);
    if (body.errors) throw new Error(JSON.stringify(body.errors));
    return body.data;
  }

  async token(...args: string[]): Promise<string> {
    return (await this.concord('token', ...args)).token;
  }

  /** A bank with a budget, whose users stay in its own files. */
  async addBank(code: string, users = 600): Promise<Bank> {
    this.writeFiles(code, users);
    const { createInstitution } = await this.ask(
      'mutation ($input: CreateInstitutionInput!) { createInstitution(input: $input) { institution { id } } }',
      { input: { code, name: code, kind: 'BANK', country: 'DE', currency: 'EUR' } },
    );
    const institutionId = createInstitution.institution.id;
    const until = new Date(Date.now() + 30 * 86_400_000).toISOString();
    await this.ask('mutation ($input: PrivacyBudgetInput!) { setPrivacyBudget(input: $input) { remaining } }', {
      input: { institutionId, ...BUDGET, until },
    });
    const key = join(this.folder, `${code}.pem`);
    const { publicKey } = await this.concord('node', 'keygen', '--out', key);
    const { enrolNode: node } = await this.ask(
      'mutation ($input: EnrolNodeInput!) { enrolNode(input: $input) { id nodeId } }',
      { input: { institution: code, name: `${code}-1`, publicKey } },
    );
    const token = await this.token('--institution', code, '--client', 'node');
    return { code, institutionId, node, key, token };
  }

  /** An institution whose users are in the server's database, to measure versions on. @returns its id */
  async addReference(code: string, users = 400): Promise<string> {
    const files = this.writeFiles(code, users);
    const args = ['--institution', code, '--create-institution', code];
    await this.concord('import', '--descriptor', join(files, 'descriptor.json'), ...args);
    const { institutions } = await this.ask('{ institutions(first: 100) { edges { node { id code } } } }');
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
    return institutions.edges.find(({ node }: any) => node.code === code).node.id;
  }

  private writeFiles(code: string, users: number): string {
    const files = join(this.folder, code);
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'users.csv'), csv(code, users));
    writeFileSync(join(files, 'descriptor.json'), JSON.stringify(DESCRIPTOR));
    return files;
  }

  /** @returns the run's id */
  async startRun(banks: readonly Bank[], referenceInstitutionId: string, over: object = {}): Promise<string> {
    const { createBaseModel } = await this.ask(
      'mutation ($input: CreateBaseModelInput!) { createBaseModel(input: $input) { id status } }',
      {
        input: {
          ...{ task: 'RISK', model: 'LOGISTIC', bins: 8 },
          columns: [
            { name: 'income', kind: 'NUMERIC', min: 0, max: 2000 },
            { name: 'delay', kind: 'NUMERIC', min: 0, max: 6 },
          ],
        },
      },
    );
    expect(createBaseModel.status).toBe('CANDIDATE');
    const training = { samplingRate: 0.2, expectedUsers: 500, noiseMultiplier: 2, steps: 5, learningRate: 1 };
    const nodeIds = banks.map(({ node }) => node.id);
    const { startTrainingRun } = await this.ask(
      'mutation ($input: StartTrainingRunInput!) { startTrainingRun(input: $input) { id } }',
      {
        input: {
          ...{ baseVersionId: createBaseModel.id, nodeIds, referenceInstitutionId, training },
          ...{ rounds: 2, tolerance: 0.2, collectSeconds: 120, ...over },
        },
      },
    );
    return startTrainingRun.id;
  }

  startNode({ code, key, node, token }: Bank, ...more: string[]): ChildProcess {
    const tokenFile = join(this.folder, `${code}.token`);
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const args = ['--coordinator', this.server.url, '--key', key, '--node', node.nodeId, '--token-file', tokenFile];
    const data = ['--descriptor', join(this.folder, code, 'descriptor.json')];
    const cap = ['--epsilon-cap', String(BUDGET.epsilon), '--delta', String(BUDGET.delta)];
    const command = [BIN, 'node', 'run', ...args, ...data, ...cap, '--poll', '0.2', '--json', ...more];
    const child = spawn(process.execPath, command, { cwd: ROOT, stdio: 'ignore', env: environment(this.env) });
    this.children.push(child);
    return child;
  }

  /** @returns the run as soon as it is what is waited for; polls */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  async until(run: string, what: (run: any) => boolean, seconds = 120): Promise<any> {
    for (const end = Date.now() + seconds * 1000; ; ) {
      const { trainingRun } = await this.ask(RUN, { id: run });
      if (what(trainingRun)) return trainingRun;
      if (Date.now() > end) throw new Error(`The run stands at ${JSON.stringify(trainingRun)}.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What an auditor would find of a bank: whether its ledger verifies, and what it has spent. */
  async audit({ code, institutionId }: Bank): Promise<{ kinds: string[]; spent: number; problems: unknown[] }> {
    const file = join(this.folder, `${code}.ledger.jsonl`);
    const exported = await runConcord(['ledger', 'export', '--institution', code, '--output', file], this.env);
    if (exported.code !== 0) throw new Error(exported.stderr);
    const { code: exit, stdout } = await runConcord(['ledger', 'verify', file, '--json'], this.env);
    const { problems } = JSON.parse(stdout);
    if (exit !== (problems.length > 0 ? 1 : 0)) throw new Error(`ledger verify ended with ${exit}.`);
    const { privacyLedger, privacyBudget } = await this.ask(
      `query ($id: ID!) {
        privacyLedger(institutionId: $id, first: 100) { edges { node { kind } } }
        privacyBudget(institutionId: $id) { spent { pld } }
      }`,
      { id: institutionId },
      await this.token('--client', 'auditor'),
    );
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
    const kinds = privacyLedger.edges.map(({ node }: any) => node.kind);
    return { kinds, spent: privacyBudget.spent.pld, problems };
  }
}

const RUN = `query ($id: ID!) {
  trainingRun(id: $id) {
    status
    rounds { id number status reason versionId participants { institution status weight } metrics { name value } }
  }
}`;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
