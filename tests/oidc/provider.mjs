// panva's oidc-provider on any free port; its first line on standard output is its URL.
// Arguments: the client's redirect URI, where it goes after logging out, and the accounts as JSON.
// Whoever logs in types an account's name into its own form; any password will do.

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [redirect, after, people] = process.argv.slice(2);
const accounts = JSON.parse(people);
let provider;
const server = createServer((request, response) => provider.callback()(request, response));

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{
      client_id: 'reauth',
      client_secret: 'a secret of thirty-two characters',
      redirect_uris: [redirect],
      post_logout_redirect_uris: [after],
    }],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    cookies: { keys: ['only for tests'] },
    findAccount: (_, id) => accounts[id] && {
      accountId: id,
      claims: async () => ({ sub: id, ...accounts[id] }),
    },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  });
  console.log(issuer);
});
