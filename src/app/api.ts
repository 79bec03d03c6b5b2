import type { GraphQLSchema } from 'graphql';
import { createApollo } from '../graphql/apollo.js';
import { describeError } from '../graphql/errors.js';
import { createRateLimiter } from '../graphql/rate-limit.js';
import { createAuthenticator, type FindInstitution } from './auth/authenticator.js';
import type { BuiltInIssuer } from './auth/issuer.js';
import type { Config } from './config.js';
import type { GraphqlHandlerModules } from './http/graphql-handler.js';
import type { Metrics } from './http/metrics.js';
import { type Logger, logErrors } from './log.js';

export interface ApiModules {
  readonly schema: GraphQLSchema;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined where an OIDC issuer is configured. */
  readonly issuer: BuiltInIssuer | undefined;
  readonly findInstitution: FindInstitution;
}

/** What serves /graphql over a schema: Apollo, started, and who decides who calls and how much. Stop Apollo when it is done. */
export async function openApi(config: Config, modules: ApiModules): Promise<GraphqlHandlerModules> {
  const { schema, log, metrics, issuer, findInstitution } = modules;
  const rateLimiter = createRateLimiter(config.rate);
  const apollo = createApollo({
    schema,
    limits: config.limits,
    rateLimiter,
    openIntrospection: config.environment === 'development',
    onUnexpected: (message) => log.error({ detail: message }, 'unexpected'),
    onInvalid: (error) => logErrors(log, undefined, undefined, [describeError(error)]),
    onOperation(record) {
      metrics.operation(record);
      logErrors(log, record.context.requestId, record.name, record.errors);
    },
  });
  await apollo.start();
  return { apollo, rateLimiter, authenticator: createAuthenticator(config.tokens, { issuer, findInstitution }) };
}
