import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Context } from './context.js';
import { formatApiError } from './errors.js';
import { limitsRule } from './limits.js';
import { concordPlugin, type PluginOptions } from './plugin.js';

export interface ApolloOptions extends PluginOptions {
  readonly schema: GraphQLSchema;
  readonly onUnexpected: (message: string) => void;
}

/** Apollo as Concord runs it: strict, quiet, and with our own execution, limits and errors. Start it before use. */
export function createApollo(options: ApolloOptions): ApolloServer<Context> {
  const unexpected = (message?: unknown) => options.onUnexpected(String(message));
  return new ApolloServer<Context>({
    schema: options.schema,
    plugins: [
      ApolloServerPluginCacheControlDisabled(), // it would wrap every field
      ApolloServerPluginLandingPageDisabled(),
      concordPlugin(options),
    ],
    validationRules: [limitsRule(options.limits)],
    parseOptions: { maxTokens: options.limits.tokens },
    formatError: formatApiError,
    introspection: true, // the plugin decides, by who asks
    hideSchemaDetailsFromClientErrors: !options.openIntrospection,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    stringifyResult: (value) => JSON.stringify(value),
    nodeEnv: 'production', // what differs by environment is decided here
    logger: { debug: () => undefined, info: () => undefined, warn: unexpected, error: unexpected },
  });
}
