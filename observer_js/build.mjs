/**
 * esbuild: src/ -> one IIFE under the size budget, its version and its SHA-256.
 *
 * The version is the package's and eight digits of the content's hash, so that one name never
 * means two files, and a cache may keep it for ever. `--check` rebuilds and compares.
 */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET = 4096; // bytes gzipped (observer.md section 3)
/** Names of our own between modules: no native bears one of them where we use it. */
const OURS = new RegExp(
  `^(${[
    'records', 'recordsSize', 'header', 'headerSize', 'token', 'tokenSize', 'tab', 'seq', 'base',
    'held', 'dropped', 'samples', 'sent', 'age', 'grid', 'isOpen', 'isFull', 'active', 'capped',
    'untrusted', 'ticks', 'note', 'watch', 'pump', 'forget', 'post', 'beacon', 'lost', 'interval',
    'put', 'rebase', 'seal', 'isWaiting', 'input',
  ].join('|')})$`,
);
const here = (name) => new URL(name, import.meta.url);

const { outputFiles } = await build({
  entryPoints: [here('src/observer.js').pathname],
  bundle: true,
  format: 'iife',
  minify: true,
  mangleProps: OURS,
  write: false,
  target: 'es2020',
  charset: 'ascii',
  legalComments: 'none',
});
const script = Buffer.from(outputFiles[0].contents);
const hash = createHash('sha256').update(script).digest();
const { version: release } = JSON.parse(readFileSync(here('package.json')));
const manifest = {
  version: `${release}-${hash.toString('hex').slice(0, 8)}`,
  integrity: `sha256-${hash.toString('base64')}`,
  bytes: script.length,
  gzip: gzipSync(script, { level: 9 }).length,
};
const files = {
  'dist/observer.js': script,
  'dist/manifest.json': Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`),
};

const fail = (why) => {
  console.error(why);
  process.exit(1);
};
const { version, bytes, gzip } = manifest;
console.log(`observer ${version}: ${bytes} bytes, ${gzip} gzipped of ${BUDGET}`);
if (gzip > BUDGET) fail(`the observer is ${gzip - BUDGET} bytes too large`);
for (const [name, content] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(here(name), content);
  else if (!readFileSync(here(name)).equals(content)) {
    fail(`dist is not what src/ builds (${name}): run npm run build in observer_js/`);
  }
}
