/**
 * Keeps the stream of events open: reconnects with growing waits, closes while the page is hidden for long, and fetches what
 * was missed, so that no exchange is lost that the server still has.
 */

import { events, get, Gone, Refused } from './api.js';

/** Waits between attempts, the last one again and again: milliseconds. */
const WAITS = [500, 1000, 2000, 4000, 8000];

/** A page that is hidden for so long closes its stream: a browser has few connections for each host. Milliseconds. */
const HIDDEN = 60_000;

/** @typedef {import('./text.js').Text} Text */
/** @typedef {{state: 'connecting' | 'open' | 'waiting' | 'refused' | 'paused', until?: number, why?: Text}} Connection `why` is the
 * server's own word, if it has refused */

/**
 * @typedef {object} Listener
 * @property {(connection: Connection) => void} connection the state of the connection has changed
 * @property {(anew: boolean) => Promise<void>} state what the server shows may have changed; `anew`: the page
 *   was not connected, so anything may
 * @property {(entries: any[], next: number | undefined) => void} trace exchanges, some of which may be known; all before
 *   `next` are known then
 * @property {() => number} next the number of the first exchange that is not known
 * @property {(count: number) => void} lost so many exchanges are not kept any more
 */

/** Whether the connection broke, was refused for now, or was ended here to begin anew. @param {unknown} error */
function isLost(error) {
  return [Gone, Refused, TypeError, DOMException].some((kind) => error instanceof kind);
}

export class Stream {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    this.attempt = 0;
    /** @type {AbortController | undefined} */
    this.abort = undefined;
    /** @type {(() => void) | undefined} */
    this.wake = undefined;
    this.running = false;
    let hidden = 0;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hidden);
      if (document.visibilityState === 'hidden') hidden = window.setTimeout(() => this.pause(), HIDDEN);
      else this.start();
    });
  }

  /** Connects, unless it is connected. */
  start() {
    this.wake?.();
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  pause() {
    if (!this.running) return;
    this.running = false;
    this.abort?.abort();
    this.wake?.();
    this.listener.connection({ state: 'paused' });
  }

  async run() {
    while (this.running) {
      this.listener.connection({ state: 'connecting' });
      const abort = (this.abort = new AbortController());
      /** @type {Text | undefined} */
      let why;
      try {
        await this.once(abort.signal);
      } catch (error) {
        abort.abort();
        if (!this.running) return;
        if (error instanceof Refused && error.status === 401) {
          this.running = false;
          this.listener.connection({ state: 'refused' });
          return;
        }
        if (!isLost(error)) throw error;
        why = error instanceof Refused ? error.text : undefined;
      }
      if (this.running) await this.wait(why);
    }
  }

  /** One connection, until it ends or breaks. @param {AbortSignal} signal */
  async once(signal) {
    /** @type {(value: undefined) => void} */
    let opened = () => {};
    const open = new Promise((resolve) => {
      opened = resolve;
    });
    const filled = open.then(async () => {
      await this.listener.state(true);
      await this.missed();
      this.attempt = 0;
      this.listener.connection({ state: 'open' });
    });
    const read = events(
      signal,
      () => opened(undefined),
      (event, data) => this.took(event, data),
    );
    // A failed request for what was missed ends the stream as well: the next attempt asks again.
    await Promise.all([read, filled]);
  }

  /** @param {string} event @param {any} data */
  took(event, data) {
    const ended = () => this.abort?.abort();
    if (event === 'trace') this.listener.trace(data.entries, undefined);
    else if (event === 'state') this.listener.state(false).catch(ended);
    else if (event === 'lost') this.missed().catch(ended);
  }

  /** Fetches the exchanges that the page does not have. One answer brings only some of many. */
  async missed() {
    let from = this.listener.next();
    for (;;) {
      const { entries, first, next } = await get(`/api/trace?from=${from}`);
      if (first > from) this.listener.lost(first - from);
      this.listener.trace(entries, next);
      if (entries.length === 0 || next <= from) return;
      from = next;
    }
  }

  /** Waits until the next attempt, or until it is asked for. @param {Text | undefined} why */
  async wait(why) {
    const pause = WAITS[Math.min(this.attempt, WAITS.length - 1)];
    this.attempt += 1;
    this.listener.connection({ state: 'waiting', until: Date.now() + pause, why });
    await new Promise((resolve) => {
      this.wake = () => resolve(undefined);
      setTimeout(resolve, pause);
    });
    this.wake = undefined;
  }
}
