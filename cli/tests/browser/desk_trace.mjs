// The box for APDUs and the trace: explained, filtered, paused, cleared, exported, and never longer than it states.
import { assert, equal, run } from './lib.mjs';
import { environment, line, lines, open, putIn, send } from './desk.mjs';

await run(async (rig) => {
  const desk = await rig.desk();
  const page = await open(rig, desk);
  await page.getByText('Nothing has been sent yet').waitFor();
  await putIn(page, 'specimen:hanako');

  equal(await send(page, '00 A4 04 0C 0A D392F000260100000001'), '9000', 'the answer to SELECT');
  equal(await send(page, '00A4020C020001'), '9000', 'the answer to SELECT of the sign certificate');
  equal(await send(page, '00B0000000'), '6982', 'the answer to READ BINARY without password');
  for (const [typed, words] of [
    ['00A4x', '“X” is no hex digit'],
    ['00A40', 'odd number of digits'],
    ['', 'Type the bytes of an APDU'],
  ]) {
    await page.locator('#apdu').fill(typed);
    await page.locator('#apdu').press('Enter');
    await page.locator('#apdu-wrong').getByText(words).waitFor();
  }
  await page.locator('#apdu').press('ArrowUp');
  equal(await page.locator('#apdu').inputValue(), '00B0000000', 'the newest of the history');
  await page.locator('#apdu').press('ArrowUp');
  await page.locator('#apdu').press('ArrowUp');
  equal(await page.locator('#apdu').inputValue(), '00A4040C0AD392F000260100000001', 'the oldest of the history');
  await page.locator('#apdu').press('ArrowDown');
  equal(await page.locator('#apdu').inputValue(), '00A4020C020001', 'down again');

  const refused = line(page, '6982').first();
  await refused.getByRole('button').click();
  await refused.getByText('source:').first().waitFor();
  assert(/measured|documented|client|assumed/.test(await refused.innerText()), 'a refusal states its certainty');
  await page.locator('#trace-refusals').check();
  await rig.until(async () => (await lines(page)).every((text) => text.includes('Refused')), 'only refusals');
  await page.locator('#trace-refusals').uncheck();
  await page.locator('#trace-status').fill('69xx');
  await rig.until(async () => (await lines(page)).length === 1, 'lines with a status word');
  await page.locator('#trace-status').fill('');
  await page.locator('#trace-filter').fill('nothing fits this');
  await page.getByText('No line fits the filter.').waitFor();
  await page.locator('#trace-filter').fill('');

  await page.locator('#trace-pause').click();
  const before = (await lines(page)).length;
  equal(await send(page, '00A4040C0AD392F000260100000001'), '9000', 'an APDU while the trace is paused');
  await page.getByText(/paused, [1-9] new/).waitFor();
  equal((await lines(page)).length, before, 'lines of a paused trace');
  await page.locator('#trace-pause').click();
  await rig.until(async () => (await lines(page)).length > before, 'the line of the pause');

  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#trace-save').click()]);
  const file = `${await rig.directory()}/trace.pcapng`;
  await download.saveAs(file);
  const tshark = await rig.output('tshark', ['-r', file]);
  equal(tshark.status, 0, `tshark\n${tshark.output}`);
  assert(/\n/.test(tshark.output), 'tshark shows the exchanges');

  // More than the page keeps, from a program.
  const env = await environment(page);
  const many = Array.from({ length: 2100 }, () => ['-s', '00A4040C0AD392F000260100000001']).flat();
  const flood = await rig.output('opensc-tool', many, { env });
  equal(flood.status, 0, `opensc-tool\n${flood.output.slice(-500)}`);
  await rig.until(async () => /^2\d{3} APDUs/.test(await page.locator('#trace-counts').innerText()), 'all are counted');
  const rows = () => page.locator('#trace-lines > li').count();
  equal(await rows(), 200, 'lines that are elements');
  // The older ones come when one scrolls, and the elements stay as many.
  const oldest = () => page.locator('#trace-lines > li').first().getAttribute('data-seq').then(Number);
  const newest = await oldest();
  await page.locator('#trace-box').evaluate((box) => (box.scrollTop = 0));
  await rig.until(async () => (await oldest()) < newest, 'older lines');
  equal(await rows(), 200, 'lines that are elements');
  // What one reads stays while more lines come than the page keeps.
  const read = await page.locator('#trace-lines > li').nth(100).getAttribute('data-seq');
  const more = Array.from({ length: 300 }, () => ['-s', '00A4040C0AD392F000260100000001']).flat();
  equal((await rig.output('opensc-tool', more, { env })).status, 0, 'opensc-tool');
  await rig.until(async () => /^2[4-9]\d{2} APDUs/.test(await page.locator('#trace-counts').innerText()), 'more lines');
  assert(await page.locator(`#trace-lines > li[data-seq="${read}"]`).isVisible(), 'the line that was read');
  await page.locator('#trace-jump').click();
  // The service may have switched the card off meanwhile, which is one more line.
  await rig.until(async () => (await oldest()) >= newest, 'the newest lines');

  // 100,000 as the stream brings them: in batches.
  const size = await page.evaluate(async () => {
    // @ts-ignore: a module of the page
    const trace = await import('/trace.js');
    const text = { en: 'READ BINARY', ja: '読み出し' };
    let seq = 1_000_000;
    for (let batch = 0; batch < 1000; batch += 1) {
      const entries = [];
      for (let at = 0; at < 100; at += 1) {
        seq += 1;
        entries.push({
          seq,
          time: new Date().toISOString(),
          reader: 'vmyna 00 00',
          kind: 'apdu',
          command: '00B0000000',
          response: '9000',
          sw: '9000',
          text,
          micros: 9,
          refused: false,
        });
      }
      trace.take(entries, undefined);
      if (batch % 50 === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    return document.getElementsByTagName('*').length;
  });
  assert(size < 4000, `${size} elements after 100,000 exchanges`);
  equal(await rows(), 200, 'lines that are elements after 100,000 exchanges');
  await page.locator('#trace-clear').click();
  await rig.until(async () => (await lines(page)).length === 0, 'the trace is cleared');
});
