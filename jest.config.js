/** Sources are ESM; jest below Node 24.9 cannot load ESM-only packages as they are, so swc turns everything, these packages included, into CommonJS. */
const esmOnly = ['jose', '@tensorflow', 'commander', 'graphql-http', 'csv-parse'];

export default {
  testEnvironment: '<rootDir>/test/support/node-environment.js',
  roots: ['<rootDir>/src', '<rootDir>/federated', '<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: [],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: false },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  setupFiles: ['reflect-metadata'],
  testTimeout: 60_000,
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};
