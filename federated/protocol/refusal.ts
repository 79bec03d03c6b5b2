/** Why a node's message is refused. Codes are part of the protocol; each refusal is kept as evidence. */
export const REFUSALS = [
  'UNKNOWN_KEY', // no enrolled key has this thumbprint
  'REVOKED_KEY', // it was revoked, or is not valid yet or any more
  'BAD_SIGNATURE', // the signature does not verify over the statement
  'BAD_STATEMENT', // a field is missing, malformed or contradicts the message
  'WRONG_ROUND', // the statement is about another round, run, node or plan
  'ROUND_CLOSED', // the round collects no more
  'NOT_JOINED', // no join came before, or the nonce is another's
  'REPLAYED', // this statement was used already
  'EQUIVOCATION', // other bytes than those that the node has signed for this round
  'MECHANISM_MISMATCH', // the charge is not that of the plan
  'BUDGET_EXHAUSTED', // the charge would pass the institution's cap
  'DIGEST_MISMATCH', // the bytes are not those of the digest
  'WRONG_SHAPE', // not the safetensors file that the plan asks for
  'NOT_FINITE', // NaN or infinity among the values
  'NORM_EXCEEDED', // the L2 norm is above the plan's bound
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}
