import type { CardSection, CardTable, ModelCard } from './card.js';
import { attributeRows, driftRows, exposureRows, figureRows, privacyRows, valueRows } from './card-tables.js';
import { kindText, TASK_TEXTS } from './kinds.js';

type Facts = Omit<ModelCard, 'sections'>;

/** Points 1 to 9 of Annex IV, with what Concord knows of each and what it cannot know. */
export function sectionsOf(facts: Facts): CardSection[] {
  return [...general(facts), ...development(facts), ...monitoring(facts), ...rest(facts)];
}

const section = (
  point: string,
  title: string,
  statements: readonly string[],
  { tables = [], toComplete = [] }: { tables?: readonly CardTable[]; toComplete?: readonly string[] } = {},
): CardSection => ({ point, title, statements, tables: tables.filter(({ rows }) => rows.length > 0), toComplete });

function general(facts: Facts): CardSection[] {
  const { concord, version, inputs, products } = facts;
  const { task, model, number, owner } = version;
  const text = TASK_TEXTS[task];
  return [
    section(
      '1(a)',
      'Intended purpose, provider and version',
      [
        text.purpose,
        text.notFor,
        `${number === null ? 'A model that was tried and not stored' : `Version ${number}`} of the task ${task}: ${model}${owner === 'consortium' ? ', shared by the consortium' : owner === 'institution' ? ", the institution's own" : ''}. Versions of an owner and task are numbered; the earlier ones are kept and can be put back into service.`,
        text.regulation,
      ],
      {
        toComplete: [
          'Name and address of the provider, and of the deployer.',
          'The decision that the output is used in, and for which customers.',
        ],
      },
    ),
    section('1(b)–(d)', 'Interaction, software, and the form in which it is supplied', [
      `Concord ${concord}, a service over GraphQL: other systems send users, products and events, and ask for ${task === 'risk' ? 'assessments' : 'recommendations'}. It is software that an institution or a consortium runs itself.`,
      'It calls no other AI system, and loads no pre-trained model from outside.',
    ]),
    section(
      '1(e)–(h)',
      'Hardware, interface, and instructions for use',
      [
        'It runs on common servers; a GPU makes training faster and is not needed.',
        "The interface is an API, documented in docs/api.md; what a deployer's staff see is the deployer's own application.",
        'Instructions for use are docs/risk.md, docs/recommendations.md and docs/operations.md of this version of Concord.',
      ],
      { toComplete: ["A description of the application in which the deployer's staff see the output."] },
    ),
    section(
      '1',
      'What it reads',
      [
        version.id === null
          ? 'The inputs are those of the descriptor; protected attributes are among them where it says so.'
          : `It reads ${inputs.length} attributes of a user${products > 0 ? `, and which of ${products} products the user owns` : ''}. ${protectedInputs(facts)}`,
      ],
      {
        tables: [
          {
            heads: ['input', 'kind', 'encoded as'],
            rows: inputs.map(({ name, kind, encoding }) => [name, kind, encoding]),
          },
        ],
      },
    ),
  ];
}

function protectedInputs({ inputs, fairness }: Facts): string {
  const rule = 'Attributes that an institution stores as protected are inputs only where its descriptor says so.';
  if (!fairness) return rule;
  const measured = new Set(fairness.attributes.map(({ attribute }) => attribute));
  const read = inputs.filter(({ name }) => measured.has(name)).map(({ name }) => name);
  return read.length > 0
    ? `${rule} Of those measured below it reads ${read.join(', ')}.`
    : `${rule} Of those measured below it reads none.`;
}

function development({ version, privacy, fairness }: Facts): CardSection[] {
  const { task, model, training, metrics } = version;
  const institutions = Array.isArray(training.institutions) ? training.institutions.map(String) : [];
  const tested = typeof training.testedUsers === 'number' ? `${training.testedUsers} users` : 'users';
  return [
    section(
      '2(a)–(b)',
      'How it was developed, and its logic',
      [
        kindText(model).method,
        TASK_TEXTS[task].output,
        privacy.federated
          ? 'Inputs are encoded by a contract that was declared in public, or made from noisy counts; the settings of the run were public before it began.'
          : 'Inputs are encoded by a contract that was fitted to training users alone; settings were chosen by the log loss of validation users; the same data, settings and seed give the same model.',
      ],
      { tables: [{ heads: ['setting', 'value'], rows: valueRows(training) }] },
    ),
    section('2(c)', 'Architecture and computing resources', [
      'docs/architecture.md and docs/engine.md describe the software.',
      ...(typeof training.seconds === 'number'
        ? [
            `Training took ${training.seconds} s on ${training.backend ?? 'an unnamed backend'}${training.device ? ` (${training.device})` : ''}.`,
          ]
        : []),
    ]),
    section(
      '2(d)',
      'Training data',
      [
        ...(institutions.length > 0 ? [`Users of ${institutions.join(', ')}.`] : []),
        ...(typeof training.trainingUsers === 'number' ? [`${training.trainingUsers} users were learned from.`] : []),
        'Missing values are an input of their own where training saw enough of them; each import keeps a report of what was cleaned and which rows were rejected.',
        ...privacyStatements(privacy),
      ],
      {
        tables: [{ heads: ['institution', 'ε', 'δ'], rows: privacyRows(privacy) }],
        toComplete: [
          'Where the data come from, how they were collected and selected, and for what time.',
          'How labels were made, and who checked them.',
          'Known gaps: groups of customers who are missing or few.',
        ],
      },
    ),
    section(
      '2(e)',
      'Human oversight, and how outputs can be read',
      [
        'Each answer is stored with the version that gave it, and with reasons: contributions of inputs that sum to that very score.',
        'A person can override any answer: Concord advises, and changes nothing by itself. A version is taken out of service by rollbackModel, in every replica at once.',
      ],
      { toComplete: ['Who reviews outputs, with what training and authority, and when they must.'] },
    ),
    section('2(f)', 'Pre-determined changes', [
      'A version never changes after it was trained. Another version serves only when somebody activates it, or when a training run of a federation publishes one that is not worse on reference users by more than the tolerance agreed on.',
    ]),
    section(
      '2(g)',
      'Validation and testing',
      [
        `Measured on ${tested} that it has not learned from.`,
        fairness
          ? 'Potentially discriminatory impacts were measured: see point 3.'
          : 'Potentially discriminatory impacts have NOT been measured for this version: concord fairness, or the mutation assessFairness, does it.',
      ],
      {
        tables: [{ heads: ['figure', 'value'], rows: figureRows(metrics) }],
        toComplete: ['Date and signature of who is responsible for the tests.'],
      },
    ),
    section('2(h)', 'Cybersecurity', [
      'Access is by signed tokens with scopes; rows of an institution are shut off by row level security; weights are named by their SHA-256, and never change; updates of a federation are signed, bounded in norm and checked before they are added up.',
      ...(version.digest ? [`SHA-256 of the weights: ${version.digest}.`] : []),
    ]),
  ];
}

function privacyStatements({ federated, rounds, spent, incomplete }: ModelCard['privacy']): string[] {
  if (!federated)
    return [
      'It was trained without differential privacy, on data that were together in one place: it is to be treated as personal data of those it was trained on may be.',
    ];
  if (spent.length === 0) return ['It was made for a federation, and has learned from nobody yet.'];
  return [
    `It was trained in ${rounds} rounds, in which each institution computed on its own data and sent sums with noise. One customer more or less changes the odds of any outcome by a factor of e^ε at most, but for a chance of δ; this does not hide what is true of a whole group.`,
    ...(incomplete ? ['More rounds were run than are added up here: the ledger has them all.'] : []),
  ];
}

function monitoring({ version, fairness, drift }: Facts): CardSection[] {
  const { task, model } = version;
  const groups = fairness
    ? [
        `Measured ${fairness.measuredAt} on ${fairness.users} users; figures of fewer than ${fairness.smallestGroup} users are left out. Level: ${fairness.level}.`,
        ...(fairness.remarks ?? []),
      ]
    : ['Figures by protected group have not been measured for this version.'];
  const moved = drift
    ? [
        `Measured ${drift.measuredAt} on ${drift.users} users${drift.trainedOn === null ? '' : `, against ${drift.trainedOn} training users`}. Level: ${drift.level}.`,
        ...drift.notes,
      ]
    : ['Drift has not been measured for this version.'];
  return [
    section(
      '3',
      'Performance for persons and groups',
      ['Expected accuracy overall is that of point 2(g).', ...groups],
      { tables: fairness ? [attributeRows(fairness), exposureRows(fairness)] : [] },
    ),
    section(
      '3',
      'Limits, and foreseeable unintended outcomes',
      [
        kindText(model).limit,
        'A model repeats what its data say of the past: groups that were treated worse then are scored accordingly, also where no input names them, through others that go together with them.',
        'Where customers or the economy change, scores lose their meaning before labels can show it: drift is what tells first.',
        TASK_TEXTS[task].notFor,
      ],
      {
        toComplete: [
          'Risks to health, safety and fundamental rights in the use that is made of it, and who is concerned.',
        ],
      },
    ),
    section('3', 'Input data: drift since training', moved, {
      tables: drift ? [driftRows(drift)] : [],
    }),
  ];
}

function rest({ version }: Facts): CardSection[] {
  const { task, createdAt, activatedAt, rolledBackAt, status } = version;
  return [
    section('4', 'Why these performance figures', [TASK_TEXTS[task].metrics]),
    section('5', 'Risk management system', [], {
      toComplete: ['The risk management system of Article 9: identified risks, measures, and what risk remains.'],
    }),
    section('6', 'Changes through the lifecycle', [
      ...(createdAt ? [`Trained ${createdAt}.`] : []),
      ...(activatedAt ? [`Last activated ${activatedAt}.`] : []),
      ...(rolledBackAt ? [`Taken out of service by a rollback ${rolledBackAt}.`] : []),
      ...(status
        ? [
            `Status: ${status}. All versions of the task, with their figures, are in modelVersions; the rounds that made one are its lineage.`,
          ]
        : []),
    ]),
    section('7', 'Harmonised standards', [], {
      toComplete: [
        'Harmonised standards that are applied in full or in part, or the solutions adopted where none are.',
      ],
    }),
    section('8', 'EU declaration of conformity', [], { toComplete: ['A copy of the declaration of Article 47.'] }),
    section(
      '9',
      'Monitoring after it is placed on the market',
      [
        'Concord measures drift of the versions in service every six hours, and keeps a report a day; it logs a warning when one gets graver. Fairness is measured when somebody asks. Feedback on recommendations, and labels as they come, are stored with the version that answered.',
      ],
      {
        toComplete: [
          'The post-market monitoring plan of Article 72(3): who looks at these reports, how often, and what follows.',
        ],
      },
    ),
  ];
}

export const HEADING =
  'Technical documentation in the order of Annex IV to Regulation (EU) 2024/1689 of 13 June 2024 (Artificial Intelligence Act)';
