// How long the first page takes after the start, and how long after it was sent an APDU of a program is on the page.
import { assert, equal, run } from './lib.mjs';
import { environment, open, putIn } from './desk.mjs';

/** Limits that the project states: milliseconds. */
const FIRST_PAGE = 1000;
const ON_THE_PAGE = 100;
const APDUS = 300;

await run(async (rig) => {
  await (await rig.page({ lang: 'en' })).goto('about:blank');
  const start = performance.now();
  const desk = await rig.desk();
  const listening = performance.now() - start;
  const page = await open(rig, desk);
  const first = performance.now() - start;
  console.log(
    `first page: ${first.toFixed(0)} ms after the start, ${listening.toFixed(0)} ms of them until the link was printed`,
  );

  await putIn(page, 'specimen:hanako');
  const env = await environment(page);
  await page.evaluate(() => {
    /** @type {Record<string, number>} */
    const seen = {};
    Object.assign(globalThis, { seen });
    const list = /** @type {HTMLElement} */ (document.getElementById('trace-lines'));
    new MutationObserver((records) => {
      const now = performance.timeOrigin + performance.now();
      for (const { addedNodes } of records) {
        for (const node of addedNodes)
          if (node instanceof HTMLElement && node.dataset.seq) seen[node.dataset.seq] ??= now;
      }
    }).observe(list, { childList: true });
  });
  // One after the other, each in a process of its own, so that no two share a batch.
  for (let round = 0; round < 10; round += 1) {
    const many = Array.from({ length: APDUS / 10 }, () => ['-s', '00A4040C0AD392F000260100000001']).flat();
    equal((await rig.output('opensc-tool', many, { env })).status, 0, 'opensc-tool');
  }
  await rig.until(
    async () => /^[1-9]\d{2,} APDUs/.test(await page.locator('#trace-counts').innerText()),
    'all on the page',
  );
  const late = await page.evaluate(async () => {
    const authorization = `Bearer ${sessionStorage.getItem('vmyna-desk-token')}`;
    // @ts-ignore: put in above
    const { seen } = globalThis;
    const found = [];
    let from = 1;
    for (;;) {
      const { entries, next } = await (await fetch(`/api/trace?from=${from}`, { headers: { authorization } })).json();
      for (const entry of entries)
        if (entry.command && seen[entry.seq]) found.push(seen[entry.seq] - Date.parse(entry.time));
      if (entries.length === 0 || next <= from) return found.sort((left, right) => left - right);
      from = next;
    }
  });
  assert(late.length >= APDUS, `${late.length} APDUs were on the page`);
  const [median, most] = [late[late.length >> 1], late[Math.floor(late.length * 0.99)]];
  console.log(
    `an APDU is on the page after ${median.toFixed(0)} ms (median), ${most.toFixed(0)} ms (99 of 100), of ${late.length}`,
  );
  assert(first < FIRST_PAGE, `the first page took ${first} ms, more than ${FIRST_PAGE}`);
  assert(most < ON_THE_PAGE, `an APDU took ${most} ms, more than ${ON_THE_PAGE}`);
});
