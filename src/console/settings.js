const WELCOME = `# Concord. Put a token into "Headers" below: {"authorization": "Bearer …"}.
# \`concord token --help\` says how to get one; the server printed one of each kind when it started.
{
  viewer {
    subject
    client
    scopes
  }
}
`;

/**
 * What the address brings: #token=… and #query=…. A fragment is never sent to a server, and it is taken out of the address
 * bar at once, so that a token does not stay in the history.
 */
export function takeSettings({ location, history }) {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname);
  const token = given.get('token');
  return {
    query: given.get('query') ?? WELCOME,
    headers: JSON.stringify({ authorization: `Bearer ${token ?? ''}` }, null, 2),
  };
}
