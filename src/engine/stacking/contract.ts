import { badInput } from '../../errors.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Expander } from '../encoders/expand.js';

/** What of a joined contract is one member's. */
export interface Part {
  /** Features from … to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Whether the member reads the holdings, and the sequence. */
  readonly holdings: boolean;
  readonly sequence: boolean;
}

/**
 * The members' contracts as one: their features one after the other; products, holdings and sequence are the same for all who read them.
 * @throws {ConcordError} BAD_INPUT where they are not
 */
export function joinContracts(contracts: readonly FeatureContract[]): FeatureContract {
  const common = <Name extends 'holdings' | 'sequence'>(name: Name): Pick<FeatureContract, Name> => {
    const found = contracts.filter((contract) => contract[name]).map((contract) => contract[name]);
    if (new Set(found.map((each) => JSON.stringify(each))).size > 1)
      throw badInput(`Members of a stack that read ${name} must read them alike.`);
    return (found.length > 0 ? { [name]: found[0] } : {}) as Pick<FeatureContract, Name>;
  };
  return {
    version: 1,
    features: contracts.flatMap(({ features }) => features),
    products: contracts[0].products,
    ...common('holdings'),
    ...common('sequence'),
    scale: 1,
  };
}

export function partsOf(contracts: readonly FeatureContract[]): Part[] {
  let from = 0;
  return contracts.map(({ features, scale, holdings, sequence }) => {
    const to = from + features.length;
    const part = { from, to, scale, holdings: holdings !== undefined, sequence: sequence !== undefined };
    from = to;
    return part;
  });
}

/** One member's contract. */
export const contractOf = (joined: FeatureContract, part: Part): FeatureContract => ({
  version: 1,
  features: joined.features.slice(part.from, part.to),
  products: joined.products,
  ...(part.holdings && { holdings: joined.holdings }),
  ...(part.sequence && { sequence: joined.sequence }),
  scale: part.scale,
});

/** Users encoded by each contract as if by the joined one. */
export const joinEncoded = (encoded: readonly EncodedUsers[]): EncodedUsers => ({
  ...(encoded.find(({ events }) => events) ?? encoded[0]),
  positions: encoded.flatMap(({ positions }) => positions),
});

/** Writes the rows of all members side by side. */
export interface JoinedExpander extends Expander {
  /** Takes the rows of one member out again. @param rows how many */
  takeOut(member: number, inputs: Float32Array, rows: number, target: Float32Array): void;
}

export function joinExpanders(expanders: readonly Expander[], parts: readonly Part[]): JoinedExpander {
  const width = expanders.reduce((sum, expander) => sum + expander.width, 0);
  const places = expanders.map((_, member) =>
    expanders.slice(0, member).reduce((sum, expander) => sum + expander.width, 0),
  );
  const scratch = expanders.map((expander) => new Float32Array(expander.width));
  const views = new WeakMap<EncodedUsers, EncodedUsers[]>();
  const viewsOf = (users: EncodedUsers): EncodedUsers[] => {
    let known = views.get(users);
    if (!known) {
      known = parts.map(({ from, to }) => ({ ...users, positions: users.positions.slice(from, to) }));
      views.set(users, known);
    }
    return known;
  };
  return {
    width,
    starts: [...expanders.flatMap(({ starts }, member) => starts.slice(0, -1).map((at) => places[member] + at)), width],
    write(users, user, hidden, target, row) {
      const own = viewsOf(users);
      expanders.forEach((expander, member) => {
        expander.write(own[member], user, hidden, scratch[member], 0);
        target.set(scratch[member], row * width + places[member]);
      });
    },
    takeOut(member, inputs, rows, target) {
      const own = expanders[member].width;
      for (let row = 0, from = places[member]; row < rows; row++, from += width)
        target.set(inputs.subarray(from, from + own), row * own);
    },
  };
}
