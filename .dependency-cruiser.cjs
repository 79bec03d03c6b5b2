/** The arrows of docs/architecture.md, enforced. */
const NAMES = [
  'oversight',
  'users',
  'products',
  'profiles',
  'embeddings',
  'erasure',
  'risk',
  'recommendations',
  'experiments',
  'likeness',
  'models',
  'institutions',
  'privacy',
  'federation',
].join('|');
const features = `^src/(${NAMES})/`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'federated-stands-alone',
      severity: 'error',
      from: { path: '^federated/' },
      to: { path: '^(src|migrations)/' },
    },
    {
      name: 'engine-and-database-know-no-features',
      severity: 'error',
      from: { path: '^src/(engine|database)/' },
      to: { path: `${features}|^src/(app|graphql|demo)/` },
    },
    {
      name: 'engine-knows-no-database',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^src/database/' },
    },
    {
      name: 'graphql-knows-no-features',
      severity: 'error',
      from: { path: '^src/graphql/' },
      to: { path: `${features}|^src/(app|database|engine|demo)/` },
    },
    { name: 'features-know-no-app', severity: 'error', from: { path: features }, to: { path: '^src/(app|demo)/' } },
    {
      name: 'a-feature-reaches-another-through-its-service',
      severity: 'error',
      from: { path: features },
      to: {
        path: `${features}.*(store|resolver|loader)`,
        pathNot: '^src/$1/',
      },
    },
    {
      name: 'only-engine-knows-tensors',
      severity: 'error',
      from: { pathNot: '^src/engine/' },
      to: { path: 'node_modules/(@tensorflow|onnxruntime-node|webgpu)/' },
    },
    {
      name: 'only-stores-know-typeorm',
      severity: 'error',
      from: { pathNot: '^(src/database/|migrations/|ormconfig\\.ts|src/[^/]+/.*(store|entity)(\\.test)?\\.ts$)' },
      to: { path: 'node_modules/typeorm/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '(^test/|\\.test\\.ts$)' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^src/console/' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'node', 'default'] },
  },
};
