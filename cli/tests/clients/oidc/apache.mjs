// A browser with cookies before a page that Apache protects: URL. Logs in, and prints what Apache then knows.
import http from 'node:http';
import { login } from './login.mjs';

const url = process.argv[2];
/** @type {Map<string, string>} */
const cookies = new Map();

/** Asks as a browser does that goes to a page; `fetch` states that it does not. @param {string | URL} address
 * @returns {Promise<{status: number | undefined, headers: import('node:http').IncomingHttpHeaders, body: string}>} */
function get(address) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/html', 'user-agent': 'test', ...(cookie ? { cookie } : {}) };
    const request = http.get(address, { headers }, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [name, ...value] = line.split(';')[0].split('=');
        cookies.set(name, value.join('='));
      }
      /** @type {Buffer[]} */
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      const { statusCode: status, headers } = answer;
      answer.on('end', () => resolve({ status, headers, body: Buffer.concat(parts).toString('utf8') }));
    });
    request.on('error', reject);
  });
}

const first = await get(url);
const callback = await get(await login(first.headers.location ?? ''));
const back = callback.headers.location ?? '';
console.log(`leads ${first.status}, returns ${callback.status} ${back === url}`);
const page = await get(back);
const name = Buffer.from(String(page.headers['x-name']), 'latin1').toString('utf8');
console.log(`${page.status} ${page.body.trim()}, ${name}, ${String(page.headers['x-user']).length} characters`);
cookies.clear();
console.log(`without cookies ${(await get(url)).status}`);
