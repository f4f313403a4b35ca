// The server stops, a token is wrong or missing: the page states it, and comes back by itself.
import { equal, run } from './lib.mjs';
import { open, putIn, ready, reader, FIRST } from './desk.mjs';

await run(async (rig) => {
  const desk = await rig.desk();
  const port = new URL(desk.origin).port;
  const page = await open(rig, desk);
  await putIn(page, 'specimen:hanako');

  // Messages of the browser about requests that fail belong to this test.
  rig.expect(/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to load resource/);
  const other = await rig.context?.newPage();
  if (!other) throw new Error('no second tab');
  await other.goto(`${desk.origin}/`);
  await other.getByText('This page needs the link that the desk printed').waitFor();
  await rig.axe(other, 'without a token');
  await other.goto(`${desk.origin}/#wrong`);
  await other.getByText('This link is not of the desk that runs now').waitFor();
  equal(other.url(), `${desk.origin}/`, 'the address bar after a wrong token');
  equal(await other.locator('#shelf').isVisible(), false, 'places without a token');
  await rig.axe(other, 'with a wrong token');
  await other.goto(`${desk.origin}/#${desk.token}`);
  await ready(other);
  await reader(other, FIRST).locator('.slot.full').waitFor();
  await other.close();

  await page.evaluate(() =>
    fetch('/api/state').then((answer) => (document.body.dataset.status = String(answer.status))),
  );
  equal(await page.locator('body').getAttribute('data-status'), '401', 'the state without a token');

  await desk.child.stop();
  await page.locator('body[data-connection=waiting]').waitFor();
  await page.getByText('The desk does not answer').waitFor();
  await rig.axe(page, 'without a server');
  await page.locator('#invent').click();
  await page.getByText('That did not work: The desk does not answer').waitFor();

  // Another desk at the same address has another token.
  const next = await rig.desk(['--listen', `127.0.0.1:${port}`]);
  await page.getByText('This link is not of the desk that runs now').waitFor();
  await page.goto(next.link);
  await ready(page);
  await reader(page, FIRST).getByText('empty', { exact: true }).waitFor();
});
