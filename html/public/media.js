// The office's own pictures and videos: a picture for ten seconds, a video in full and without sound. A file that cannot
// be shown is skipped.

import { pause } from '../shared/pause.js';

const PICTURE_MS = 10000;
// A video without progress for this long is skipped.
const STALL_MS = 15000;
const CHECK_MS = 1000;
// The pause after a round in which nothing could be shown, and while there is nothing.
const RETRY_MS = 60000;

export class Media {
  /**
   * @param place the elements `picture` and `video`; `changed()`: there is something to show, or
   *   no longer.
   */
  constructor({ picture, video, changed }) {
    this.ready = false;
    this._picture = picture;
    this._video = video;
    this._changed = changed;
    this._visible = false;
    this._wake = null;
  }

  /** Whether the screen has a place for it now; without one nothing is loaded. */
  place(visible) {
    if (visible === this._visible) return;
    this._visible = visible;
    if (visible && this._wake) this._wake();
    if (!visible) this._video.pause();
  }

  /** Goes on for as long as the page lives. */
  async start() {
    let list = [];
    for (;;) {
      list = await this._listed(list);
      const shown = await this._round(list);
      if (!shown) {
        this._say(false);
        await pause(RETRY_MS);
      }
    }
  }

  // The last list where the server is away.
  async _listed(before) {
    try {
      const answer = await fetch('api/media', { cache: 'no-store' });
      return answer.ok ? await answer.json() : before;
    } catch (e) {
      return before;
    }
  }

  async _round(list) {
    let shown = false;
    for (const item of list) {
      // The first one that can be shown asks for a place; from then on there is no hurry without one.
      if (this.ready && !this._visible) await new Promise((resolve) => { this._wake = resolve; });
      this._wake = null;
      const isVideo = /^video/.test(item.type);
      if (await (isVideo ? this._play(item.url) : this._hang(item.url))) shown = true;
    }
    return shown;
  }

  _say(ready) {
    if (ready === this.ready) return;
    this.ready = ready;
    this._changed();
  }

  async _hang(url) {
    const loaded = await new Promise((resolve) => {
      const next = new Image();
      next.onload = () => resolve(next.naturalWidth > 0);
      next.onerror = () => resolve(false);
      next.src = url;
      setTimeout(() => resolve(false), STALL_MS);
    });
    if (!loaded) return false;
    this._picture.src = url;
    this._picture.hidden = false;
    this._leaveVideo();
    this._say(true);
    await pause(PICTURE_MS);
    return true;
  }

  async _play(url) {
    const video = this._video;
    // Set here as well: browsers let a video begin by itself only where it is surely silent.
    video.muted = true;
    video.src = url;
    const played = await new Promise((resolve) => {
      let at = -1;
      let movedAt = performance.now();
      let seen = false;
      const end = (good) => {
        clearInterval(checking);
        video.onended = video.onerror = video.onplaying = null;
        resolve(good);
      };
      const checking = setInterval(() => {
        if (video.currentTime !== at) movedAt = performance.now();
        at = video.currentTime;
        if (seen && !this._visible) end(true);
        else if (performance.now() - movedAt > STALL_MS) end(seen);
      }, CHECK_MS);
      video.onplaying = () => {
        seen = true;
        video.hidden = false;
        this._picture.hidden = true;
        this._say(true);
      };
      video.onended = () => end(true);
      video.onerror = () => end(false);
      const playing = video.play();
      // Told by onerror, or by not moving.
      if (playing) playing.catch(() => {});
    });
    if (!played) this._leaveVideo();
    return played;
  }

  // Without its source a video lets go of what it had decoded.
  _leaveVideo() {
    this._video.hidden = true;
    if (!this._video.hasAttribute('src')) return;
    this._video.removeAttribute('src');
    this._video.load();
  }
}
