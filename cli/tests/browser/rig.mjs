// The rig itself: what it must notice, it notices.
import { createServer } from 'node:http';
import { assert, axeFindings, equal, run } from './lib.mjs';

const PAGES = {
  '/': '<main><h1>Good</h1><button>Send</button></main>',
  '/inline': '<main><h1>Inline</h1></main><script>document.title = "inline"</script>',
  '/throws': '<main><h1>Throws</h1></main><script src="/throws.js"></script>',
  '/other': '<main><h1>Other</h1><img alt="" src="http://192.0.2.1/x.png"></main>',
  '/pale': '<main><h1>Pale</h1><p><font color="#cccccc">too pale to read</font></p><button></button></main>',
};

await run(async (rig) => {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/throws.js') {
      response.setHeader('content-type', 'text/javascript');
      return response.end('throw new Error("thrown in the page")');
    }
    response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'; img-src 'self'");
    response.setHeader('content-type', 'text/html; charset=utf-8');
    const body = PAGES[/** @type {keyof typeof PAGES} */ (path)] ?? '';
    response.end(`<!doctype html><html lang="en"><title>x</title>${body}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${address.port}`;
  const page = await rig.page();

  await page.goto(`${origin}/`);
  await rig.axe(page, 'on a good page');
  rig.assertNoProblems();

  for (const [path, words] of [
    ['/inline', /Content Security Policy/],
    ['/throws', /thrown in the page/],
    ['/other', /request to another host: http:\/\/192\.0\.2\.1/],
  ]) {
    await page.goto(origin + path);
    await rig.until(async () => rig.problems.some((problem) => /** @type {RegExp} */ (words).test(problem)), `${path}`);
    rig.problems.length = 0;
  }

  await page.goto(`${origin}/pale`);
  const findings = (await axeFindings(page)).map((finding) => finding.split(':')[0]).sort();
  equal(findings, ['button-name', 'color-contrast'], 'findings of axe');

  const child = await rig.start('sh', ['-c', 'echo started; exec sleep 60'], { until: /start(ed)/ });
  equal(child.found[1], 'ed', 'what a program printed');
  await child.stop();
  assert(child.process.signalCode === 'SIGTERM', 'a program is stopped');
  server.closeAllConnections();
  server.close();
});
