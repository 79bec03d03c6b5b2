import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './console.css';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { takeSettings } from './settings.js';

const settings = takeSettings(window);

/** Everything comes from this server: no other origin is asked for anything. */
async function fetcher(request, { headers = {} } = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(request),
  });
  return response.json();
}

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultEditorToolsVisibility="headers"
    defaultQuery={settings.query}
    initialQuery={settings.query}
    initialHeaders={settings.headers}
  />,
);
