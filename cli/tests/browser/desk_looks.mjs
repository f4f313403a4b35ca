// Languages, colours and 375 px: axe finds nothing, nothing is wider than the screen, and the choice is remembered.
import { assert, equal, run } from './lib.mjs';
import { open, putIn, ready, send } from './desk.mjs';

await run(async (rig) => {
  const desk = await rig.desk();
  const page = await open(rig, desk);
  await putIn(page, 'specimen:hanako');
  await send(page, '00A4040C0AD392F000260100000001');
  await send(page, '00B0000000');
  await page.locator('#trace-lines .row').last().click();
  await page.locator('#files > summary').click();
  await page.locator('#counter > summary').click();

  for (const lang of ['en', 'ja']) {
    await page.setViewportSize({ width: 1280, height: 800 });
    if ((await page.locator('html').getAttribute('lang')) !== lang) await page.locator('#language').click();
    equal(await page.locator('html').getAttribute('lang'), lang, 'lang');
    await page
      .getByRole('heading', { name: lang === 'en' ? 'Readers' : 'リーダー' })
      .first()
      .waitFor();
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 1280, height: 800 });
      await rig.axe(page, `${lang}, ${colorScheme}`);
      await page.locator('tr[data-pin=auth] button').last().click();
      await page.locator('dialog[open]').waitFor();
      await rig.axe(page, `${lang}, ${colorScheme}, with a question`);
      await page.keyboard.press('Escape');
      await page.locator('#new-person').click();
      await page.locator('#person').waitFor();
      await rig.axe(page, `${lang}, ${colorScheme}, with the form of a person`);
      await page.locator('#person button').last().click();
      await page.locator('#card .facts').waitFor();
      await page.setViewportSize({ width: 375, height: 700 });
      for (const place of ['shelf', 'readers', 'card', 'trace']) {
        await page.locator(`#tabs button[aria-controls=${place}]`).click();
        assert(await page.locator(`#${place}`).isVisible(), `${place} is one tap away`);
        await rig.axe(page, `${lang}, ${colorScheme}, 375 px, ${place}`);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(width <= 375, `${place} is ${width} px wide, ${lang}`);
      }
    }
  }
  // Chosen by the button, colours stay whatever the system has.
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('#scheme').click();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.reload();
  await ready(page);
  equal(await paper(), dark, 'colours after a reload');
  equal(await page.locator('html').getAttribute('lang'), 'ja', 'language after a reload');

  // The keyboard reaches every control, and shows where it is.
  const places = new Set();
  await page.locator('#language').focus();
  for (let step = 0; step < 150; step += 1) {
    await page.keyboard.press('Tab');
    const place = await page.evaluate(() => {
      const focused = document.activeElement;
      const style = focused ? getComputedStyle(focused) : null;
      return {
        place: focused?.closest('section')?.id ?? '',
        seen: style ? style.outlineStyle !== 'none' : false,
        tag: focused?.tagName,
      };
    });
    assert(place.seen || place.tag === 'BODY', `the focus can't be seen on ${JSON.stringify(place)}`);
    if (place.place) places.add(place.place);
    if (places.size === 4) break;
  }
  equal([...places].sort(), ['card', 'readers', 'shelf', 'trace'], 'places that the Tab key reaches');
});
