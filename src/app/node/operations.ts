/** What a node and whoever enrols it ask the coordinator, in GraphQL. */
export const OPEN_ROUND = `query OpenRound($nodeId: ID!) { openRound(nodeId: $nodeId) { plan weightsUrl } }`;

export const JOIN_ROUND = `mutation JoinRound($roundId: ID!, $statement: String!, $jws: String!) {
  joinRound(roundId: $roundId, statement: $statement, jws: $jws) {
    __typename
    ... on RoundJoined { nonce }
    ... on RoundRefusal { code message }
  }
}`;

export const BEGIN_CONTRIBUTION = `mutation BeginContribution($roundId: ID!, $statement: String!, $jws: String!) {
  beginContribution(roundId: $roundId, statement: $statement, jws: $jws) {
    __typename
    ... on ContributionBegun { contributionId uploadUrl offset }
    ... on RoundRefusal { code message }
  }
}`;

export const COMMIT_CONTRIBUTION = `mutation CommitContribution($contributionId: ID!, $statement: String!, $jws: String!) {
  commitContribution(contributionId: $contributionId, statement: $statement, jws: $jws) {
    __typename
    ... on RoundRefusal { code message }
  }
}`;

export const ENROL_NODE = `mutation EnrolNode($input: EnrolNodeInput!) { enrolNode(input: $input) { id } }`;
