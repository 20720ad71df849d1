// Common start of the settings and statistics pages: connection, session, navigation, and a warning before
// unsaved changes are lost.

import { afterChange, beforeSignIn, get, remove, signIn } from '../shared/api.js';
import { $, make } from '../shared/dom.js';
import { explain, keepChoices, officeLanguage, onLanguage, ready, t } from '../shared/i18n.js';
import { Live } from '../shared/live.js';
import { showOffice } from '../shared/office.js';
import { renderNavigation } from './navigation.js';

let office = null;

/**
 * Starts a page. `page.forms` are its forms; `page.load(message)` fetches what the server has, at the
 * first message and at each of a type that `page.wants`; `page.tell(message, live)` receives every message;
 * `page.translate()` writes the texts that are not in the HTML; `page.copies` are links to files for admins only;
 * `page.isForStaff`: staff may change everything on the page.
 */
export function start(page) {
  const forms = page.forms || [];
  let loading = false;
  let next = null;
  let isAdmin = false;
  let who = '';

  async function load(message) {
    next = message;
    if (loading) return;
    loading = true;
    while (next) {
      const now = next;
      next = null;
      // If it fails, the connection is down; when it is back, its state loads again.
      try { await page.load(now); } catch (refusal) { /* as above */ }
    }
    loading = false;
  }

  const live = new Live({
    message(m) {
      office = m.payload.office || office;
      if (m.type === 'state') officeLanguage(office.language);
      if (page.tell) page.tell(m, live);
      render();
      if (page.load && (m.type === 'state' || page.wants(m.type))) load(m);
    },
    status() {
      // The session may have ended.
      if (live.online) loadSession();
      render();
    },
  });

  // The signed-in person, and the way out.
  const me = make('p', { className: 'me', hidden: true });
  const leave = make('button', { type: 'button', className: 'button small' });
  leave.addEventListener('click', async () => {
    try {
      await remove('api/session');
      signIn();
    } catch (refusal) {
      leave.textContent = explain(refusal);
    }
  });

  function renderMe(name) {
    me.hidden = !name;
    document.querySelector('.top').classList.toggle('has-me', Boolean(name));
    me.textContent = '';
    leave.textContent = t('start.leave');
    if (name) [make('b', { text: name, dir: 'auto' }), leave].forEach((el) => me.appendChild(el));
  }

  // Staff may read, but not change anything.
  function loadSession() {
    get('api/session').then((session) => {
      $('admin').hidden = page.isForStaff || session.role === 'admin';
      who = session.name;
      leave.hidden = !session.session;
      renderMe(who);
      if (page.session) page.session(session);
      if (session.role === 'public') signIn();
    }, () => {});
  }

  function render() {
    $('away').hidden = live.online || !live.silentSeconds();
    if (office) showOffice(office);
    document.title = document.querySelector('h2').textContent + ' · ' + (office ? office.name : 'Turnero');
    forms.forEach((form) => form.live(live.online));
    if (page.render) page.render(live.online);
  }

  ready.then(() => {
    const home = document.querySelector('.home');
    home.href = keepChoices(home.getAttribute('href'));
    home.parentNode.insertBefore(me, home);
    const link = $('admin').querySelector('a');
    const isDirty = () => forms.some((form) => form.isDirty());
    link.href = keepChoices('signin.html?then=' + encodeURIComponent(location.pathname.split('/').pop() + location.search));
    beforeSignIn(() => {
      // With unsaved input the page stays; a link opens the sign-in in another tab.
      $('admin').hidden = !isDirty();
      link.target = 'signin';
      return !isDirty();
    });
    afterChange(() => { if (!$('admin').hidden) loadSession(); });
    window.addEventListener('beforeunload', (e) => {
      if (!isDirty()) return;
      e.preventDefault();
      e.returnValue = '';
    });
    (page.copies || []).forEach((link) => link.addEventListener('click', (e) => {
      // A browser says nothing of a refused download.
      if (isAdmin) return;
      e.preventDefault();
      get('api/session').then(({ role }) => {
        isAdmin = role === 'admin';
        if (isAdmin) link.click(); else location.href = $('admin').querySelector('a').href;
        isAdmin = false;
      }, () => { $('away').hidden = false; });
    }));
    const translate = () => {
      renderNavigation();
      renderMe(who);
      if (page.translate) page.translate();
      render();
    };
    onLanguage(translate);
    translate();
    document.querySelectorAll('[data-waits]').forEach((el) => { el.disabled = false; });
    live.start();
    window.addEventListener('focus', loadSession);
  });
  return live;
}

/** Fills a `<select>` with an option for each `[value, text]`. */
export function options(select, list) {
  const value = select.value;
  select.textContent = '';
  list.forEach(([one, text]) => select.appendChild(make('option', { value: one, text })));
  if (value) select.value = value;
}
