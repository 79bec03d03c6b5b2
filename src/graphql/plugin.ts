import {
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestContextDidResolveOperation,
  type GraphQLRequestListener,
  type GraphQLResponse,
  HeaderMap,
} from '@apollo/server';
import type { DocumentNode, ExecutionResult, OperationDefinitionNode } from 'graphql';
import { ConcordError, forbidden } from '../errors.js';
import type { Context } from './context.js';
import { type CostFormula, costFormula } from './cost.js';
import { type Shape, shapeOf } from './document-shape.js';
import { type ApiError, describeError, formatApiError, requestError } from './errors.js';
import { createExecutor, type Executor } from './execute.js';
import { checkVariables, limitExceeded } from './input-check.js';
import type { Limits } from './limits.js';
import type { RateLimiter } from './rate-limit.js';
import { remember } from './remember.js';

/** What became of one operation, for logs and metrics. No variable and no text of the document is in it. */
export interface OperationRecord {
  readonly context: Context;
  readonly name: string | undefined;
  readonly type: 'query' | 'mutation' | 'subscription' | undefined;
  readonly cost: number;
  readonly seconds: number;
  readonly errors: readonly (ApiError & { readonly path?: readonly (string | number)[] })[];
}

export interface PluginOptions {
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  /** Everybody may introspect; else auditors and operators. */
  readonly openIntrospection: boolean;
  readonly onOperation: (record: OperationRecord) => void;
  /** A request that never became an operation: no query in it, or one that a form of another site could have sent. */
  readonly onInvalid: (error: Error) => void;
}

type Request = GraphQLRequestContext<Context>;
type Resolved = GraphQLRequestContextDidResolveOperation<Context>;

/** Refuses operations that cost too much, executes the others, and records what became of them. */
export function concordPlugin(options: PluginOptions): ApolloServerPlugin<Context> {
  let executor: Executor;
  const formulas = new WeakMap<OperationDefinitionNode, CostFormula>();
  const shapes = new WeakMap<DocumentNode, Shape>();

  function costOf({ schema, document, operation, request }: Resolved): number {
    if (!operation) return 1;
    const formula = remember(formulas, operation, () => costFormula(schema, document, operation));
    return formula(request.variables ?? {});
  }

  function checkIntrospection({ document, contextValue: { viewer } }: Resolved): void {
    if (options.openIntrospection || viewer?.client === 'auditor' || viewer?.client === 'operator') return;
    const { introspects } = remember(shapes, document, () => shapeOf(document));
    if (introspects) throw forbidden('Introspection needs the token of an auditor or an operator.');
  }

  /** @returns the operation's cost. */
  function admit(context: Resolved): number {
    checkIntrospection(context);
    checkVariables(context.request.variables, options.limits.listLength);
    const cost = costOf(context);
    if (cost > options.limits.cost) {
      const found = Math.min(Math.round(cost), Number.MAX_SAFE_INTEGER);
      throw limitExceeded(`The operation costs ${found}; ${options.limits.cost} is the most. Ask for smaller pages.`, {
        limit: options.limits.cost,
        found,
      });
    }
    charge(options.rateLimiter, context.contextValue.caller, cost);
    return cost;
  }

  return {
    async serverWillStart({ schema }) {
      executor = createExecutor(schema);
    },

    async invalidRequestWasReceived({ error }) {
      options.onInvalid(error);
    },

    async requestDidStart(): Promise<GraphQLRequestListener<Context>> {
      const started = performance.now();
      let cost = 0;
      let errors: OperationRecord['errors'] = [];
      const note = (found: readonly Error[]) => {
        errors = found.map((error) => ({
          ...describeError(error),
          path: (error as { path?: (string | number)[] }).path,
        }));
      };
      return {
        async didResolveOperation(context) {
          try {
            cost = admit(context);
          } catch (error) {
            throw error instanceof ConcordError ? requestError(error) : error;
          }
        },
        async didEncounterErrors(context) {
          note(context.errors);
        },
        async responseForOperation(context) {
          const { document, operation, request, contextValue } = context;
          if (!operation) return null; // Apollo says that there is none of that name
          const { operationName, variables } = request;
          const result = await executor.execute({
            document,
            operation,
            operationName,
            variables,
            context: contextValue,
          });
          note(result.errors ?? []);
          return responseOf(result);
        },
        async willSendResponse(context: Request) {
          if (errors.some(({ code }) => DOCUMENT_CODES.has(code)))
            context.contextValue.kept.set(REFUSED_DOCUMENT, true);
          options.onOperation({
            context: context.contextValue,
            name: context.operationName ?? undefined,
            type: context.operation?.operation,
            cost,
            seconds: (performance.now() - started) / 1000,
            errors,
          });
        },
      };
    },
  };
}

/** Kept in the context where the document, the operation's name or the variables were refused: HTTP has a rule for these. */
export const REFUSED_DOCUMENT = { is: 'refused document' };
const DOCUMENT_CODES: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_USER_INPUT',
]);

/** @throws a request error with status 429 where the caller has used up what it may for now. */
export function charge(rateLimiter: RateLimiter, caller: string, cost: number): void {
  const wait = rateLimiter.charge(caller, cost);
  if (wait === 0) return;
  const error = limitExceeded(`Too much in too short a time: try again in ${wait} s.`, { retryAfterSeconds: wait });
  throw requestError(error, 429, { 'retry-after': String(wait) });
}

/** Errors before execution make it a bad request; an executed operation is answered with 200 whatever became of its fields. */
function responseOf(result: ExecutionResult): GraphQLResponse {
  const errors = result.errors?.map((error) => formatApiError(error.toJSON(), error));
  return {
    http: { status: result.data === undefined ? 400 : 200, headers: new HeaderMap() },
    body: { kind: 'single', singleResult: errors?.length ? { ...result, errors } : result },
  };
}
