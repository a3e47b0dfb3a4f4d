// node fetch.mjs PROXY CA URL: what fetch() gets through a proxy, on standard output.
import { readFileSync } from 'node:fs';

import { ProxyAgent, fetch } from 'undici';

const [uri, ca, url] = process.argv.slice(2);
const tls = { ca: readFileSync(ca) };
const dispatcher = new ProxyAgent({ uri, requestTls: tls });
const response = await fetch(url, { dispatcher });
process.stdout.write(Buffer.from(await response.arrayBuffer()));
await dispatcher.close();
