// The plain functions of the extension: which origins it can be made active on, and which requests it takes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, equal, run } from './lib.mjs';

/** A module of the extension. @param {string} name */
async function module(name) {
  const source = await readFile(join(process.env.EXTENSION ?? '', name), 'utf8');
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

const TAKEN = [
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080/*'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080/*'],
  [' http://LOCALHOST:80 ', 'http://localhost', 'http://localhost:80/*'],
  ['https://localhost', 'https://localhost', 'https://localhost:443/*'],
  ['http://[::1]:3000', 'http://[::1]:3000', 'http://[::1]:3000/*'],
  ['http://0x7f.1:8080', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080/*'],
  ['https://my_site.example', 'https://my_site.example', 'https://my_site.example:443/*'],
  ['https://日本.example', 'https://xn--wgv71a.example', 'https://xn--wgv71a.example:443/*'],
  ['https://go.jp.example', 'https://go.jp.example', 'https://go.jp.example:443/*'],
  ['https://notgo.jp', 'https://notgo.jp', 'https://notgo.jp:443/*'],
];

const GOVERNMENT = [
  'https://go.jp',
  'http://go.jp:8080',
  'https://www.example.go.jp',
  'https://WWW.EXAMPLE.GO.JP',
  'https://www.example.go.jp.',
  'https://www.example.go.jp..',
  'https://ｗｗｗ.ｅｘａｍｐｌｅ.ｇｏ.ｊｐ',
  'https://www。example。go。jp',
  'https://www.example.%67%6F.jp',
  'https://ﬁle.go.jp',
  'https://xn--wgv71a.go.jp',
  'https://日本.go.jp',
  'https://go.jp/path',
  'https://user@go.jp',
  'ftp://go.jp',
];

const FORM = [
  '',
  'localhost',
  'localhost:8080',
  '127.0.0.1:8080',
  'http://',
  'http://localhost.:8080',
  'http://localhost:99999',
  'http://localhost/path',
  'http://localhost?query',
  'http://localhost#fragment',
  'http://user@localhost',
  'http://user:word@localhost',
  'http://*',
  'http://*.example',
  '*://localhost/*',
  '<all_urls>',
  'file:///etc/passwd',
  'ftp://localhost',
  'javascript:alert(1)',
  'chrome-extension://pcionloglbkhkfipjgbhhfcbfofojmam',
  `http://${'a'.repeat(300)}`,
  null,
  undefined,
  7,
  {},
];

await run(async () => {
  const { isLoopback, parseOrigin, pattern, permission } = await module('origins.js');
  for (const [text, origin, matches] of TAKEN) {
    equal(parseOrigin(text), { origin }, text);
    equal(pattern(origin), matches, `pattern of ${text}`);
    equal(parseOrigin(origin), { origin }, `${origin} again`);
  }
  for (const text of GOVERNMENT) equal(parseOrigin(text), { refused: 'government' }, text);
  for (const text of FORM) equal(parseOrigin(text), { refused: 'form' }, String(text));
  for (const [origin, expected] of [
    ['http://127.0.0.1:8080', true],
    ['http://localhost', true],
    ['https://localhost', false],
    ['http://127.0.0.2', false],
    ['http://localhost.example', false],
  ]) {
    equal(isLoopback(origin), expected, String(origin));
  }
  equal(permission('https://site.example:8443'), 'https://site.example/*', 'permission');

  const { parseRequest } = await module('request.js');
  const parsed = (/** @type {unknown} */ value) => parseRequest(JSON.stringify(value));
  /** Pages get both texts, as of a failure of the host. */
  const isRefused = (/** @type {any} */ outcome, /** @type {string} */ what) => {
    const { message, message_ja } = outcome.refused ?? {};
    assert(/^[A-Z].*\.$/.test(message) && /。$/.test(message_ja), what);
  };
  const base = { mode: '01', service_id: '01', digest: 'AQ==' };
  equal(parsed({ ...base, pin: '1234', more: 1 }).request.fields, base, 'only the published fields go on');
  equal(parsed({ ...base, mode: '02', digest: ['AQ==', 'Ag=='] }).request.digests.length, 2, 'digests');
  equal(parsed({ ...base, mode: '04' }).request.fields, { mode: '04', service_id: '01' }, 'mode 04 has no digest');
  equal(parsed({ mode: '05', pin: '1' }).request.fields, { mode: '05' }, 'mode 05');
  for (const wrong of [
    null,
    [],
    '05',
    {},
    { ...base, mode: 1 },
    { ...base, mode: '03' },
    { ...base, service_id: '02' },
    { ...base, digest: undefined },
    { ...base, digest: '' },
    { ...base, digest: ['AQ=='] },
    { ...base, mode: '02', digest: [] },
    { ...base, mode: '02', digest: ['AQ==', 1] },
    { ...base, mode: '02', digest: Array(1001).fill('AQ==') },
    { ...base, more: 'x'.repeat(256 * 1024) },
  ]) {
    isRefused(parsed(wrong), JSON.stringify(wrong).slice(0, 60));
  }
  for (const text of [undefined, {}, 'no JSON', '']) isRefused(parseRequest(text), String(text));
});
