import { GraphQLError } from 'graphql';
import { badInput, ConcordError } from '../errors.js';
import { describeError, ERRORS, formatApiError, requestError } from './errors.js';

const format = (error: GraphQLError) => formatApiError(error.toJSON(), error);

describe('formatApiError', () => {
  it('shows an expected failure: message, place, code, id and details', () => {
    const error = new GraphQLError('x', { path: ['a', 0], originalError: badInput('Too long.', { limit: 5 }) });
    expect(format(error)).toEqual({
      message: 'Too long.',
      path: ['a', 0],
      extensions: { code: 'BAD_INPUT', limit: 5, id: describeError(error).id },
    });
  });

  it('masks everything else under an id by which the log has it', () => {
    const cause = new TypeError('select * from users failed');
    const { message, extensions } = format(new GraphQLError(cause.message, { originalError: cause }));
    expect(message).toBe(`Something went wrong; quote id ${extensions!.id} when you report it.`);
    expect(extensions!.code).toBe('INTERNAL');
    expect(describeError(cause).cause).toBe(cause);
  });

  it('masks failures that are the server’s own, and errors that only look like ours', () => {
    const configuration = new ConcordError('CONFIGURATION', 'The password is wrong.');
    expect(format(new GraphQLError('x', { originalError: configuration })).extensions!.code).toBe('INTERNAL');
    expect(format(new GraphQLError('x', { extensions: { code: 'MADE_UP' } })).extensions!.code).toBe('INTERNAL');
  });

  it('keeps the codes of what GraphQL itself refuses', () => {
    const error = new GraphQLError('Syntax Error', {
      extensions: { code: 'GRAPHQL_PARSE_FAILED', stacktrace: ['at x'] },
    });
    expect(format(error)).toMatchObject({ message: 'Syntax Error', extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
    expect(format(error).extensions).not.toHaveProperty('stacktrace');
  });

  it('takes anything that was thrown', () => {
    for (const thrown of ['text', 5, null, undefined]) expect(describeError(thrown).code).toBe('INTERNAL');
  });
});

test('details cannot stand in for code and id', () => {
  const error = new GraphQLError('x', { originalError: badInput('x', { code: 'OTHER', id: 'mine' }) });
  expect(format(error).extensions).toEqual({ code: 'BAD_INPUT', id: describeError(error).id });
});

test('requestError has the status of the table unless another is given', () => {
  const error = badInput('x');
  expect(requestError(error).extensions.http).toMatchObject({ status: ERRORS.BAD_INPUT.http });
  const limited = requestError(error, 429, { 'retry-after': '3' }).extensions.http as {
    status: number;
    headers: Map<string, string>;
  };
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '3']);
});
