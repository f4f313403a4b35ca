// More pages than the desk serves: the one too many states it, and comes when another one closes.
import { equal, run } from './lib.mjs';
import { open, ready } from './desk.mjs';

/** Streams that a desk serves at a time. */
const PAGES = 32;

await run(async (rig) => {
  const desk = await rig.desk(['specimen:hanako']);
  const headers = { authorization: `Bearer ${desk.token}`, accept: 'text/event-stream' };
  const streams = [];
  for (let at = 0; at < PAGES; at += 1) {
    const abort = new AbortController();
    const answer = await fetch(`${desk.origin}/api/events`, { headers, signal: abort.signal });
    equal(answer.status, 200, 'a stream');
    // Node closes the stream of an answer that is no longer referred to.
    streams.push({ abort, answer });
  }
  rig.expect(/status of 503/);
  const page = await rig.page({ lang: 'en' });
  await page.goto(desk.link);
  await page.locator('body[data-connection=waiting]').waitFor();
  await rig.axe(page, 'one page too many');
  const title = await page.locator('.notice strong').innerText();
  equal(title === 'The desk does not answer', false, `the page states the server's reason: ${title}`);
  for (const { abort } of streams) abort.abort();
  // By itself, after at most 8 seconds.
  await ready(page);
  await open(rig, desk);
});
