// A person at the pages of the identity provider, by plain HTTP.

/** Answers the pages with Hanako's card; the address to which the provider sends the browser. @param {string | URL} url */
export async function login(url) {
  const origin = new URL(url).origin;
  let page = await fetch(url, { redirect: 'manual' });
  for (const answer of [
    { action: 'choose', card: '0' },
    { action: 'prove', auth_pin: '1234', input_assist_pin: '1234', sign_password: 'ABC123' },
  ]) {
    const text = await page.text();
    const [, transaction] = text.match(/name="transaction" value="([^"]+)"/) ?? [];
    if (page.status !== 200 || !transaction) throw new Error(`no page of a log-in: ${page.status} ${text}`);
    page = await fetch(`${origin}/api/realms/main/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin },
      body: new URLSearchParams({ transaction, ...answer }),
    });
  }
  const location = page.headers.get('location');
  if (page.status !== 303 || !location) throw new Error(`no redirect: ${page.status} ${await page.text()}`);
  return location;
}
