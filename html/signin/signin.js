// The sign-in page: asks for the PIN, and for the name where people sign in by name, then goes back to the page that needed it.

import { get, post } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { explain, keepChoices, officeLanguage, onLanguage, ready, roughSpan, t } from '../shared/i18n.js';


// The server is verifying the PINs of others.
const BUSY = 'busy';

// Whether a name is asked for: `optional` or `required`, or neither.
let names = '';
let busy = false;
let refusal = null;
// When the next attempt may be made, on the page's own clock.
let openAt = 0;
let clock = 0;

// The addresses that a link may lead to after the sign-in: pages of this server. Requests to its API are
// not allowed, since they may change something.
const OUR_PAGE = /^(?!(?:api|ws|media)\/)(?:t\/[\w-]+|(?:[\w-]+\/)*(?:[\w-]+\.html)?)$/;

function destination() {
  const home = new URL('index.html', document.baseURI);
  const asked = new URLSearchParams(location.search).get('then');
  if (!asked) return home;
  try {
    const url = new URL(asked, document.baseURI);
    const root = new URL('.', document.baseURI);
    const ours = url.origin === root.origin && url.pathname.indexOf(root.pathname) === 0
      && OUR_PAGE.test(url.pathname.slice(root.pathname.length));
    return ours ? url : home;
  } catch (e) {
    return home;
  }
}

function secondsLeft() {
  return Math.max(0, Math.ceil((openAt - performance.now()) / 1000));
}

function render() {
  const left = secondsLeft();
  $('enter').disabled = busy || left > 0;
  let said = refusal ? explain(refusal) : '';
  if (left >= 90) said = t('signin.wait', { span: roughSpan(left) });
  else if (left > 0) said = t('signin.wait.seconds', { n: left });
  else if (refusal && refusal.code === BUSY) said = t('signin.busy');
  else if (names && refusal && refusal.code === 'wrong-pin') said = t('signin.wrong');
  else if (refusal && refusal.wait) said = t('signin.again');
  if ($('error').textContent !== said) $('error').textContent = said;
  $('error').hidden = !said;
  // The countdown is for the eyes; each second read aloud would drown everything else.
  $('error').setAttribute('aria-live', left > 0 && left % 10 ? 'off' : 'assertive');
  if (!left) {
    clearInterval(clock);
    clock = 0;
  }
}

async function enter(e) {
  e.preventDefault();
  const [name, pin] = ['name', 'pin'].map((id) => $(id).value.trim());
  if (!pin || busy || secondsLeft() > 0) return;
  if (names === 'required' && !name) {
    $('name').focus();
    return;
  }
  busy = true;
  refusal = null;
  render();
  do {
    try {
      await post('api/session', name ? { name, pin } : { pin });
      location.replace(destination().href);
      return;
    } catch (why) {
      refusal = why;
    }
    render();
    // Nothing was wrong: others were before us.
    if (refusal.code === BUSY) await new Promise((resolve) => setTimeout(resolve, (refusal.wait + Math.random()) * 1000));
  } while (refusal.code === BUSY);
  openAt = performance.now() + refusal.wait * 1000;
  if (refusal.wait && !clock) clock = setInterval(render, 1000);
  busy = false;
  $('pin').select();
  $('pin').focus();
  render();
}

// The names themselves are for nobody who has not signed in.
async function askForName() {
  const session = await get('api/session');
  names = session.names || '';
  if (!names) return;
  $('who').hidden = false;
  $('name-what').hidden = names === 'required';
  $('name').required = names === 'required';
  if (!$('pin').value) $('name').focus();
}

ready.then(() => {
  onLanguage(render);
  $('back').href = keepChoices('index.html');
  $('form').addEventListener('submit', enter);
  $('show').addEventListener('change', () => {
    const shown = $('show').checked;
    $('pin').type = shown ? 'text' : 'password';
    // A tablet's keyboard of digits has no letters, and a PIN may have some.
    $('pin').setAttribute('inputmode', shown ? 'text' : 'numeric');
    $('pin').focus();
  });
  render();
  askForName().catch(() => { /* Then with a shared PIN; a name is asked for at the next visit. */ });
  get('api/state').then((m) => officeLanguage(m.payload.office.language), () => { /* It stays in Spanish. */ });
});
