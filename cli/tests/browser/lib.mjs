// What the scripts of the browser tests share: Debian's chromium, commands of vmyna in the background, axe.
//
// A new script is one file beside this one and one line in ../browser.rs. It looks like this:
//
//     import { run } from './lib.mjs';
//     await run(async (rig) => {
//       const portal = await rig.vmyna(['portal', '--listen', '127.0.0.1:0'], /http:\S+/);
//       const page = await rig.page({ lang: 'ja' });
//       await page.goto(portal.found[0]);
//       await page.getByRole('button', { name: 'ログイン' }).click();
//       await rig.axe(page, 'after the click');
//     });
//
// - `../browser.rs` installs the packages of package-lock.json into cargo's directory for tests' files, copies all scripts
//   there and runs one with Node.js. The environment has VMYNA (the binary), CHROMIUM, and what the Rust test adds.
// - Each script has one browser with a new user data directory. It ends with the script, also if cargo ends first.
// - A script fails by an exception, an error on the console (which a violation of the Content Security Policy is), an
//   uncaught error of a page, or a request to another host than this machine. `rig.expect(/words/)` permits errors that
//   belong to the test, as that a server was stopped.
// - Wait for what a page shows (`rig.until`, Playwright's own waits), never for time.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Longer than anything takes that works, also on a busy machine: milliseconds. */
export const PATIENCE = 60_000;

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs a script and ends the process with its outcome. @param {(rig: Rig) => Promise<void>} script */
export async function run(script) {
  const rig = new Rig();
  let ended = false;
  const end = async (/** @type {number} */ status) => {
    if (ended) return;
    ended = true;
    await rig.end();
    process.exit(status);
  };
  // The Rust test holds the other end: it closes when the test ends, however it does.
  if (process.env.VMYNA_BROWSER_TEST) process.stdin.resume().on('end', () => end(2));
  process.on('SIGTERM', () => end(2));
  process.on('SIGINT', () => end(2));
  try {
    await script(rig);
    rig.assertNoProblems();
  } catch (error) {
    console.error(error);
    for (const problem of rig.problems) console.error(`also: ${problem}`);
    for (const [at, page] of rig.pages().entries()) {
      const text = await page
        .locator('body')
        .innerText()
        .catch(() => '');
      console.error(
        `page ${at} at the end, ${page.url().replace(/#.*/, '')}:\n${text.length > 6000 ? `${text.slice(0, 3000)}\n…\n${text.slice(-3000)}` : text}`,
      );
    }
    for (const child of rig.children) console.error(`${child.name} printed:\n${child.log.slice(-4000)}`);
    await end(1);
  }
  await end(0);
}

/** Fails unless both are the same. @param {unknown} found @param {unknown} expected @param {string} what */
export function equal(found, expected, what) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${left}, expected ${right}`);
}

/** Fails unless the condition holds. @param {unknown} condition @param {string} what */
export function assert(condition, what) {
  if (!condition) throw new Error(what);
}

/** A program in the background. */
class Child {
  /** @param {string} name @param {import('node:child_process').ChildProcess} process */
  constructor(name, process) {
    this.name = name;
    this.process = process;
    /** All that it has printed. */
    this.log = '';
    /** @type {RegExpMatchArray | string[]} what `until` of `Rig.start` has matched */
    this.found = [];
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    const took = (/** @type {Buffer} */ data) => {
      this.log += data;
      for (const listener of this.listeners) listener();
    };
    process.stdout?.on('data', took);
    process.stderr?.on('data', took);
    /** @type {Promise<number | null>} its exit status */
    this.ended = new Promise((resolve) => {
      process.on('close', (status) => {
        resolve(status);
        for (const listener of this.listeners) listener();
      });
    });
  }

  /** Waits until it has printed this. @param {RegExp} pattern @returns {Promise<RegExpMatchArray>} */
  printed(pattern) {
    return new Promise((resolve, reject) => {
      const settle = () => {
        const match = this.log.match(pattern);
        if (!match && this.process.exitCode === null && this.process.signalCode === null) return;
        clearTimeout(limit);
        this.listeners.delete(settle);
        if (match) resolve(match);
        else reject(new Error(`${this.name} ended without ${pattern}:\n${this.log}`));
      };
      const limit = setTimeout(() => {
        this.listeners.delete(settle);
        reject(new Error(`${this.name} has not printed ${pattern}, only:\n${this.log}`));
      }, PATIENCE);
      this.listeners.add(settle);
      settle();
    });
  }

  /** @param {string} text */
  type(text) {
    this.process.stdin?.write(text);
  }

  /** Stops it, and waits for its end. @param {NodeJS.Signals} signal */
  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    const hard = setTimeout(() => this.process.kill('SIGKILL'), 5000);
    const status = await this.ended;
    clearTimeout(hard);
    return status;
  }
}

export class Rig {
  constructor() {
    /** @type {Child[]} */
    this.children = [];
    /** @type {string[]} what must not happen, and has */
    this.problems = [];
    /** @type {RegExp[]} */
    this.expected = [];
    /** @type {import('playwright-core').BrowserContext | undefined} */
    this.context = undefined;
    /** @type {string | undefined} */
    this.folder = undefined;
  }

  /** A folder of the test's own, which is removed at its end. */
  async directory() {
    this.folder ??= await mkdtemp(join(tmpdir(), 'vmyna-browser-'));
    return this.folder;
  }

  /** The browser, started when it is first asked for. The options count then.
   * @param {{lang?: 'en' | 'ja', args?: string[], extensions?: boolean, env?: Record<string, string>}} options */
  async browser(options = {}) {
    if (this.context) return this.context;
    const folder = await this.directory();
    // A home of its own: caches, certificates and settings of the user's are not looked at.
    const environment = { ...process.env, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), ...options.env };
    this.context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      chromiumSandbox: false,
      args: [...FLAGS, ...(options.args ?? [])],
      ignoreDefaultArgs: options.extensions ? ['--disable-extensions'] : [],
      locale: options.lang === 'ja' ? 'ja-JP' : 'en-GB',
      timezoneId: 'Asia/Tokyo',
      colorScheme: 'light',
      viewport: { width: 1280, height: 800 },
      env: environment,
      acceptDownloads: true,
      timeout: PATIENCE,
    });
    this.context.setDefaultTimeout(PATIENCE);
    for (const page of this.context.pages()) this.watch(page);
    this.context.on('page', (page) => this.watch(page));
    return this.context;
  }

  pages() {
    return this.context?.pages() ?? [];
  }

  /** A new page. @param {{lang?: 'en' | 'ja', dark?: boolean, width?: number, height?: number}} options */
  async page(options = {}) {
    const context = await this.browser(options);
    const blank = context.pages().find((page) => page.url() === 'about:blank');
    const page = blank ?? (await context.newPage());
    await page.setViewportSize({ width: options.width ?? 1280, height: options.height ?? 800 });
    await page.emulateMedia({ colorScheme: options.dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    return page;
  }

  /** Makes what goes wrong in a page fail the script. @param {import('playwright-core').Page} page */
  watch(page) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      this.problem(`console: ${message.text()} (${message.location().url.replace(/#.*/, '')})`);
    });
    page.on('pageerror', (error) => this.problem(`uncaught: ${error.stack || `${error.name} ${error.message}`}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const own = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
      if (!own && url.protocol.startsWith('http')) this.problem(`request to another host: ${url.origin}`);
    });
  }

  /** @param {string} text */
  problem(text) {
    if (!this.expected.some((pattern) => pattern.test(text))) this.problems.push(text);
  }

  /** From now on, errors with these words belong to the test. @param {RegExp} pattern */
  expect(pattern) {
    this.expected.push(pattern);
  }

  assertNoProblems() {
    if (this.problems.length > 0) throw new Error(`a page reported:\n${this.problems.join('\n')}`);
  }

  /** Starts a program, which is stopped at the end of the script; waits until it has printed `until`, if that is given.
   * @param {string} program @param {string[]} args
   * @param {{until?: RegExp, env?: Record<string, string>, cwd?: string, name?: string, input?: boolean}} options with
   * `input`, `type` writes to its standard input */
  async start(program, args, options = {}) {
    const env = { ...process.env, ...options.env };
    const cwd = options.cwd ?? (await this.directory());
    const started = spawn(program, args, { env, cwd, stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    const child = new Child(options.name ?? program, started);
    started.on('error', (error) => (child.log += String(error)));
    this.children.push(child);
    if (options.until) child.found = await child.printed(options.until);
    return child;
  }

  /** Starts `vmyna` with these arguments. @param {string[]} args @param {RegExp} [until] @param {Record<string, string>} [env] */
  async vmyna(args, until, env = {}) {
    const binary = process.env.VMYNA;
    if (!binary) throw new Error('VMYNA must name the binary');
    return this.start(binary, args, { until, env, name: `vmyna ${args[0]}` });
  }

  /** Starts `vmyna desk` on a free port. @param {string[]} args @param {Record<string, string>} [env] */
  async desk(args = [], env = {}) {
    const listens = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const folder = join(await this.directory(), 'cards');
    const child = await this.vmyna(['desk', ...listens, '--folder', folder, ...args], /(http:\/\/[^\s#]+)\/#(\S+)/, {
      VMYNA_REGISTER: join(await this.directory(), 'register'),
      ...env,
    });
    const [link, origin, token] = child.found;
    return { child, link, origin, token };
  }

  /** A screen with a window manager, for a browser whose own windows are typed into.
   * @returns {Promise<{env: Record<string, string>, tool: (...args: string[]) => Promise<string>}>} the environment of its
   * programs, and xdotool on it */
  async screen() {
    const args = ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
    const server = await this.start('Xvfb', args, { until: /^(\d+)\n/m });
    const folder = await this.directory();
    const own = {
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      DISPLAY: `:${server.found[1]}`,
      LANGUAGE: 'en',
    };
    const env = /** @type {Record<string, string>} */ ({ ...process.env, ...own });
    await this.start('openbox', ['--sm-disable'], { env });
    return { env, tool: async (...args) => (await this.output('xdotool', args, { env })).output };
  }

  /** Runs a program to its end. @param {string} program @param {string[]} args
   * @param {{env?: Record<string, string>, cwd?: string}} options
   * @returns {Promise<{status: number | null, output: string}>} */
  async output(program, args, options = {}) {
    const child = await this.start(program, args, options);
    const limit = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE);
    const status = await child.ended;
    clearTimeout(limit);
    return { status, output: child.log };
  }

  /** Waits until the page's condition holds. @template T @param {() => Promise<T>} condition @param {string} what
   * @returns {Promise<T>} */
  async until(condition, what) {
    const end = Date.now() + PATIENCE;
    let last;
    do {
      last = await condition();
      if (last) return last;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } while (Date.now() < end);
    throw new Error(`${what}: not within ${PATIENCE} ms, but ${JSON.stringify(last)}`);
  }

  /** Fails if axe finds anything on the page as it is now. @param {import('playwright-core').Page} page @param {string} when */
  async axe(page, when) {
    const findings = await axeFindings(page);
    if (findings.length > 0) throw new Error(`axe, ${when}:\n${findings.join('\n')}`);
  }

  async end() {
    // The browser first: a server that ends first makes pages report errors.
    await this.context?.close().catch(() => {});
    await Promise.all(this.children.map((child) => child.stop()));
    if (this.folder) await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @type {Promise<string> | undefined} */
let axeSource;

/** What axe finds, a line for each element. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
export async function axeFindings(page) {
  axeSource ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // As text of the debugger: the page's policy admits no script of others.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(await axeSource);
  return page.evaluate(async () => {
    const rules = { resultTypes: ['violations'] };
    // @ts-ignore: axe was put in just now
    const { violations } = await globalThis.axe.run(document, rules);
    return violations.flatMap((/** @type {any} */ found) =>
      found.nodes.map((/** @type {any} */ node) => `${found.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
    );
  });
}
