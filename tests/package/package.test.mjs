// The Debian package, from a bare Debian to a ticket on a public screen over HTTPS, through an upgrade, to its removal; and the program
// in a root that has nothing else. The Debian boots its own systemd in a container (systemd-nspawn), with the network of this computer.
//
// «make test-package» makes the package before. It takes root, and the package a machine that may run containers.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT, launch, launchTrusting, open, shows, until, visible } from '../browser/support.mjs';

const PACKAGES = path.join(ROOT, 'target/package');
// One of debootstrap's is kept, because it takes a minute.
const BARE = path.join(ROOT, 'target/debian');
// Only turnero-postgres needs libpq5.
const INSTALLED = 'adduser,systemd-sysv,libpq5';
const LATER = '9.9.9-1';
const START_MS = 60000;

const isRoot = process.getuid() === 0;
const noRoot = isRoot ? false : 'NOT TESTED: the package; it takes root, for a Debian of its own';
const noContainer = noRoot || whyNoContainer();
if (noContainer) console.error('\n' + noContainer + '\n');

/** Why this machine can run no container, with its own /usr for a root; false if it can. That is no fault of the package. */
function whyNoContainer() {
  const args = ['--quiet', '--register=no', '--keep-unit', '--volatile=yes', '--directory=/', 'true'];
  const { status, error, stderr } = spawnSync('systemd-nspawn', args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], timeout: START_MS });
  if (status === 0) return false;
  return 'NOT TESTED: the package on a Debian of its own; this machine runs no container: ' + (error?.message ?? stderr.trim());
}

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const folders = [];
const running = new Set();
after(() => {
  for (const process of running) process.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function emptyFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnero-package-'));
  folders.push(folder);
  return folder;
}

/** A bare Debian of this system's release, from where this system has its packages. */
function bareDebian() {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
  const bare = path.join(BARE, release + '-' + INSTALLED);
  if (!existsSync(bare)) {
    const sources = run('apt-get', 'indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages');
    const mirror = sources.split('\n').map((line) => line.split(' ')).find(([, codename]) => codename === release)[0];
    const partial = bare + '.partial';
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(BARE, { recursive: true });
    run('debootstrap', '--variant=minbase', '--include=' + INSTALLED, release, partial, mirror);
    renameSync(partial, bare);
  }
  const root = emptyFolder();
  run('cp', '-a', '--reflink=auto', bare + '/.', root);
  return root;
}

/** A bare Debian with the packages in its root folder: first.deb, and postgres.deb with PostgreSQL. */
function withPackages() {
  const root = bareDebian();
  for (const [name, to] of [[/^turnero_.*deb$/, 'first.deb'], [/^turnero-postgres_.*deb$/, 'postgres.deb']]) {
    cpSync(path.join(PACKAGES, readdirSync(PACKAGES).find((file) => name.test(file))), path.join(root, to));
  }
  // Free ports, on the loopback only.
  mkdirSync(path.join(root, 'etc/systemd/system/turnero.service.d'), { recursive: true });
  writeFileSync(path.join(root, 'etc/systemd/system/turnero.service.d/test.conf'), '[Service]\nEnvironment=TURNERO_LISTEN=127.0.0.1:0 TURNERO_TLS_LISTEN=127.0.0.1:0\n');
  return root;
}

/** A PostgreSQL of this machine, until it is stopped, with its socket in `folder`. */
async function startDatabase() {
  const child = spawn(path.join(ROOT, 'tests/with-postgres'), ['sh', '-c', 'echo "$TURNERO_TEST_POSTGRES"; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const ended = new Promise((resolve) => child.once('exit', () => { running.delete(child); resolve(); }));
  let said = '';
  child.stdout.on('data', (chunk) => { said += chunk; });
  const folder = await until('the database runs', () => /host=([^&\n]+)&/.exec(said)[1], START_MS);
  return { folder, stop: () => { child.stdin.end(); return ended; } };
}

/** A request to a server's REST. The server's own machine is admin. */
async function call(url, method, where, body) {
  const headers = { Connection: 'close', 'Content-Type': 'application/json' };
  const answer = await fetch(url + '/api/' + where, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, where + ': ' + answer.status + ' ' + text);
  return text && JSON.parse(text);
}

/** A computer that has booted Debian from a root, with the network of this one. */
class Computer {
  static async boot(root, ...flags) {
    const computer = new Computer();
    computer.root = root;
    computer.process = spawn('systemd-nspawn', ['--quiet', '--register=no', '--keep-unit', '--boot', '--directory=' + root, ...flags], { stdio: 'ignore' });
    running.add(computer.process);
    computer.ended = new Promise((resolve) => computer.process.once('exit', () => { running.delete(computer.process); resolve(); }));
    const pid = () => execFileSync('pgrep', ['-P', String(computer.process.pid)], { encoding: 'utf8' }).trim().split('\n')[0];
    computer.leader = await until('it has a process', pid, START_MS);
    await until('it has booted', () => /^(running|degraded)/.test(computer.sh('systemctl is-system-running 2>/dev/null || true')), START_MS);
    return computer;
  }

  /** Runs a command in it, as root. */
  run(...command) {
    return run('nsenter', '-t', this.leader, '-m', '-u', '-i', '-n', '-p', '-r', '-w', ...command);
  }

  sh(script) {
    return this.run('sh', '-c', script).trim();
  }

  read(file) {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  has(file) {
    return existsSync(path.join(this.root, file));
  }

  dpkg(...args) {
    return this.run('env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'dpkg', ...args);
  }

  /** The journal of the service since it was started last. */
  journal(...args) {
    const id = this.sh('systemctl show -p InvocationID --value turnero');
    return this.run('journalctl', '--no-pager', '-o', 'cat', '_SYSTEMD_INVOCATION_ID=' + id, ...args);
  }

  /** Where the service listens, as soon as it does. */
  listening(scheme = 'http') {
    const line = new RegExp('^Listening on (' + scheme + ':.*)$', 'm');
    return until('the service listens', () => line.exec(this.journal())[1], START_MS);
  }

  async off() {
    this.process.kill('SIGTERM');
    await this.ended;
  }
}

/**
 * A visitor takes a ticket, a desk calls it, and the public screen shows it. The desk is a program at `url`; the screens are at
 * `screens`, in a Chromium that `launching` gives.
 */
async function takesAndCalls(url, code, { screens = url, launching = launch() } = {}) {
  const browser = await launching;
  try {
    const screen = await open(browser, screens + '/public.html');
    const kiosk = await open(browser, screens + '/new-ticket.html');
    await visible(kiosk, '.service');
    await kiosk.click('.service');
    await shows(kiosk, '#code', code);
    await call(url, 'POST', 'desks/3/next');
    await until('the public screen shows ' + code, async () => (await screen.textContent('main')).includes(code));
    assert.deepEqual([...screen.problems, ...kiosk.problems], []);
  } finally {
    await browser.close();
  }
}

/** The answer of a program to the webhook's test, whose address is a name. */
async function reaches(url, name) {
  const receiver = http.createServer((request, answer) => { request.resume(); answer.end(); });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  try {
    const made = await call(url, 'POST', 'webhooks', { url: `http://${name}:${receiver.address().port}/`, types: ['ticket-created'] });
    return await call(url, 'POST', 'webhooks/' + made.id + '/test');
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}

test('the package installs, serves, is upgraded and goes, as a Debian package should', { skip: noContainer }, async (t) => {
  const root = withPackages();
  const pc = await Computer.boot(root);
  let url;

  await t.test('it is installed, and the service starts, now and at each start of the computer', async () => {
    pc.dpkg('-i', '/first.deb');
    url = await pc.listening();
    assert.equal(pc.sh('systemctl is-active turnero; systemctl is-enabled turnero'), 'active\nenabled');
    assert.match(pc.sh('turnero --version'), /^turnero \d/);
    assert.equal(pc.sh('stat -c "%U %a" /var/lib/turnero'), 'turnero 700');
    assert.equal(pc.sh('stat -c %U /proc/$(systemctl show -p MainPID --value turnero)'), 'turnero');
    // A migration may take longer than systemd waits unless told.
    assert.equal(pc.sh('systemctl show -p TimeoutStartUSec --value turnero'), 'infinity');
    assert.match(run('zcat', path.join(root, 'usr/share/man/man8/turnero.8.gz')), /\n\.SH EXIT STATUS\n/);
  });

  await t.test('it is exposed to 2.0 at most, and the journal has its levels', () => {
    pc.run('systemd-analyze', 'security', '--no-pager', '--threshold=20', 'turnero');
    assert.match(pc.journal('-p', 'warning'), /The PIN of admin/);
    assert.doesNotMatch(pc.journal('-p', 'warning'), /Listening/);
    assert.match(pc.sh('systemctl show -p StatusText --value turnero'), /^0 screens, 0 waiting$/);
  });

  await t.test('bash completes its flags and commands', () => {
    const script = path.join(root, 'usr/share/bash-completion/completions/turnero');
    const complete = (word, before) => run('bash', '-c', '. "$0"; _turnero turnero "$1" "$2"; echo "${COMPREPLY[*]}"', script, word, before).trim();
    assert.equal(complete('--lis', 'turnero'), '--listen');
    assert.equal(complete('res', 'turnero'), 'restore');
    assert.equal(complete('', 'pin'), 'staff admin');
    assert.equal(complete('', '--listen'), '');
  });

  await t.test('zsh and fish complete its flags and commands', () => {
    const fish = path.join(root, 'usr/share/fish/vendor_completions.d/turnero.fish');
    const complete = (line) => run('fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', fish, line).split('\t')[0];
    assert.equal(complete('turnero --lis'), '--listen');
    assert.equal(complete('turnero rest'), 'restore');
    // In a terminal of its own; each wait ends with the text that is wanted, or the test is ended.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z "fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D; print RE''ADY"; zpty -r -m z out '*READY*'
      for line wanted in '--lis' '*--listen*' 'rest' '*restore*'; do
        zpty -w -n z $'\\C-uturnero '"$line"$'\\t'; zpty -r -m z out $wanted; print found
      done`;
    const folder = path.join(root, 'usr/share/zsh/vendor-completions');
    const found = execFileSync('zsh', ['-f', '-c', script, 'zsh', folder], { encoding: 'utf8', timeout: START_MS });
    assert.equal(found, 'found\nfound\n');
  });

  await t.test('a ticket is taken at a kiosk, called, and on the public screen', () => takesAndCalls(url, 'A1'));

  await t.test('it finds other machines by name', async () => {
    pc.sh('echo "127.0.0.1 localhost receiver.test" > /etc/hosts');
    const answer = await reaches(url, 'receiver.test');
    assert.equal(answer.failure, undefined, JSON.stringify(answer));
  });

  const backups = 'TURNERO_BACKUP_DIR=/var/lib/turnero/backups\n';
  await t.test('flags are set in its file', async () => {
    writeFileSync(path.join(root, 'etc/turnero/turnero.env'), pc.read('etc/turnero/turnero.env') + backups);
    pc.sh('systemctl restart turnero');
    url = await pc.listening();
    const said = pc.sh('turnero backup --listen ' + new URL(url).host);
    assert.match(said, /^The backup is \/var\/lib\/turnero\/backups\/turnero-.*\.db\.$/);
    pc.sh('cp ' + /\/var.*db/.exec(said)[0] + ' /srv/backup.db');
  });

  const https = 'TURNERO_TLS_CERT=/var/lib/turnero/tls/server.crt\nTURNERO_TLS_KEY=/var/lib/turnero/tls/server.key\n';
  await t.test('root makes a certificate, which is the server\'s own', async () => {
    const said = pc.sh('turnero tls self-signed --data /var/lib/turnero/turnero.db');
    assert.match(said, /--tls-cert \/var\/lib\/turnero\/tls\/server\.crt --tls-key \/var\/lib\/turnero\/tls\/server\.key$/m);
    const made = pc.sh('cd /var/lib/turnero/tls && stat -c "%n %U %a" *').split('\n');
    assert.deepEqual(made, ['ca.crt turnero 644', 'ca.key turnero 600', 'server.crt turnero 644', 'server.key turnero 600']);
    writeFileSync(path.join(root, 'etc/turnero/turnero.env'), pc.read('etc/turnero/turnero.env') + https);
    pc.sh('systemctl restart turnero');
    url = await pc.listening();
    assert.match(await pc.listening('https'), /^https:\/\/127\.0\.0\.1:\d+$/);
  });

  /** The screens over HTTPS, on a device that has downloaded the authority from the server. */
  async function overHttps() {
    const home = emptyFolder();
    const authority = path.join(home, 'ca.crt');
    writeFileSync(authority, Buffer.from(await (await fetch(url + '/ca.crt')).arrayBuffer()));
    return { screens: await pc.listening('https'), launching: launchTrusting(authority, home) };
  }

  await t.test('a ticket is taken at a kiosk, called, and on the public screen, over HTTPS', async () => takesAndCalls(url, 'A2', await overHttps()));

  await t.test('killed, it comes again with its office', async () => {
    const before = pc.sh('systemctl show -p InvocationID --value turnero');
    pc.sh('systemctl kill -s KILL turnero');
    await until('it is started again', () => pc.sh('systemctl show -p InvocationID --value turnero') !== before);
    url = await pc.listening();
    await takesAndCalls(url, 'A3');
  });

  await t.test('an upgrade starts the later program, and keeps the office and the flags', async () => {
    run(path.join(ROOT, 'target/tools/bin/cargo-deb'), '--fast', '--no-build', '--target', target(), '--deb-version', LATER, '--output', path.join(root, 'later.deb'));
    const before = pc.sh('systemctl show -p InvocationID --value turnero');
    pc.dpkg('-i', '/later.deb');
    assert.equal(pc.sh("dpkg-query -W -f '${Version}' turnero"), LATER);
    assert.notEqual(pc.sh('systemctl show -p InvocationID --value turnero'), before);
    assert.ok(pc.read('etc/turnero/turnero.env').endsWith(backups + https));
    url = await pc.listening();
    await takesAndCalls(url, 'A4', await overHttps());
  });

  await t.test('what root restores is the server\'s own', async () => {
    pc.sh('systemctl stop turnero && turnero restore /srv/backup.db --data /var/lib/turnero/turnero.db');
    assert.equal(pc.sh('stat -c "%U %a" /var/lib/turnero/turnero.db'), 'turnero 600');
    pc.sh('systemctl start turnero');
    url = await pc.listening();
    await takesAndCalls(url, 'A2');
  });

  await t.test('a later package with other settings asks nothing if it is told to keep the old ones', () => {
    const unpacked = path.join(root, 'unpacked');
    pc.run('dpkg-deb', '-R', '/first.deb', '/unpacked');
    for (const [file, from, to] of [['DEBIAN/control', /^Version: .*$/m, 'Version: 99.9-1'], ['etc/turnero/turnero.env', /$/, '#LATER\n']]) {
      writeFileSync(path.join(unpacked, file), readFileSync(path.join(unpacked, file), 'utf8').replace(from, to));
    }
    pc.run('dpkg-deb', '-Znone', '-b', '/unpacked', '/other.deb');
    const before = pc.read('etc/turnero/turnero.env');
    pc.dpkg('--force-confold', '-i', '/other.deb');
    assert.equal(pc.read('etc/turnero/turnero.env'), before);
  });

  await t.test('a removal keeps the office, and a purge takes all but the user', () => {
    pc.dpkg('-r', 'turnero');
    assert.equal(pc.sh('systemctl is-active turnero || true'), 'inactive');
    assert.deepEqual(['usr/bin/turnero', 'var/lib/turnero/turnero.db', 'etc/turnero/turnero.env'].map((file) => pc.has(file)), [false, true, true]);
    pc.dpkg('-P', 'turnero');
    assert.deepEqual(['var/lib/turnero', 'etc/turnero', 'usr/share/doc/turnero'].filter((file) => pc.has(file)), []);
    assert.match(pc.sh('id turnero'), /^uid=/);
  });

  await t.test('neither a link to a disk that is away nor a mounted disk stops a script', () => {
    pc.sh('mkdir /srv/disk && ln -s /srv/disk/away /var/lib/turnero');
    pc.dpkg('-i', '/first.deb');
    pc.dpkg('-P', 'turnero');
    assert.equal(pc.has('var/lib/turnero'), false);
    pc.sh('mkdir /var/lib/turnero && mount -t tmpfs tmpfs /var/lib/turnero');
    pc.dpkg('-i', '/first.deb');
    pc.dpkg('-P', 'turnero');
    assert.equal(pc.sh('ls -A /var/lib/turnero'), '');
  });

  await pc.off();
});

test('the package with PostgreSQL takes the place of the other one, and its office is in the database', { skip: noContainer }, async () => {
  const database = await startDatabase();
  const pc = await Computer.boot(withPackages(), '--bind=' + database.folder + ':/srv/database');
  try {
    pc.dpkg('-i', '/first.deb');
    await takesAndCalls(await pc.listening(), 'A1');
    // The database is not there yet.
    const flags = 'TURNERO_DATA=postgres:///postgres?host=/srv/later&user=turnero\n';
    writeFileSync(path.join(pc.root, 'etc/turnero/turnero.env'), pc.read('etc/turnero/turnero.env') + flags);
    pc.dpkg('-i', '/postgres.deb');
    assert.equal(pc.sh("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' 'turnero*' | grep ' installed'"), 'turnero-postgres installed');
    assert.ok(pc.read('etc/turnero/turnero.env').endsWith(flags), 'the flags stay');
    await until('the service tries again and again', () => Number(pc.sh('systemctl show -p NRestarts --value turnero')) > 6);
    pc.sh('ln -s database /srv/later');
    const url = await pc.listening();
    assert.equal((await call(url, 'GET', 'health')).database.kind, 'postgresql');
    await takesAndCalls(url, 'A1');
    // The one before is forgotten, and takes nothing with it: its office is still there.
    pc.dpkg('-P', 'turnero');
    assert.equal(pc.sh('systemctl is-active turnero; systemctl is-enabled turnero'), 'active\nenabled');
    assert.ok(pc.has('var/lib/turnero/turnero.db') && pc.has('etc/turnero/turnero.env'));
    // And back, to the office in the data file.
    writeFileSync(path.join(pc.root, 'etc/turnero/turnero.env'), '');
    pc.dpkg('-i', '/first.deb');
    const before = await pc.listening();
    assert.equal((await call(before, 'GET', 'health')).database.kind, 'sqlite');
    await takesAndCalls(before, 'A2');
  } finally {
    await pc.off();
    await database.stop();
  }
});

/** The kind of machine for which the program was built. */
const target = () => /^host: (.*)$/m.exec(run('rustc', '-vV'))[1];

/** Starts the program in a root as a user, and returns when the log says where it listens. */
async function startAlone(root, user, command) {
  const child = spawn('chroot', ['--userspec=' + user, root, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  const ended = new Promise((resolve) => child.once('exit', (code) => { running.delete(child); resolve(code); }));
  const found = await until('it listens', () => child.exitCode !== null || /http:\/\/127\.0\.0\.1:\d+/.exec(log), START_MS);
  assert.ok(found[0], 'it ended: ' + log);
  const stop = async () => {
    child.kill('SIGTERM');
    assert.equal(await ended, 0, log);
    return log;
  };
  return { url: found[0], stop };
}

test('the image of a container has the program and a data folder, and with /dev they are enough', { skip: noRoot }, async () => {
  const storage = emptyFolder();
  const buildah = (...args) => run('buildah', '--root', storage + '/root', '--runroot', storage + '/run', '--storage-driver', 'vfs', ...args).trim();
  buildah('build', '--quiet', '--isolation', 'chroot', '--tag', 'turnero', PACKAGES);
  const { config } = JSON.parse(buildah('inspect', '--type', 'image', 'turnero')).OCIv1;
  const root = emptyFolder();
  run('cp', '-a', buildah('mount', buildah('from', '--pull-never', 'turnero')) + '/.', root);
  assert.deepEqual(readdirSync(root).sort(), ['data', 'turnero']);
  buildah('rm', '--all');
  // As in every container. Random numbers come from these.
  mkdirSync(path.join(root, 'dev'));
  for (const [name, minor] of [['random', '8'], ['urandom', '9']]) run('mknod', '-m', '666', path.join(root, 'dev', name), 'c', '1', minor);
  const data = config.Env.find((line) => line.startsWith('TURNERO_DATA=')).split('=')[1];
  assert.equal(path.dirname(data), config.WorkingDir);
  // An office of the first release, which is migrated here.
  cpSync(path.join(ROOT, 'tests/contract/releases/0.2.0.db'), path.join(root, data));
  run('chown', config.User, path.join(root, data));
  const command = [...config.Entrypoint, '--data', data, '--listen', '127.0.0.1:0', '--backup-dir', '/data'];
  let server = await startAlone(root, config.User, command);
  assert.equal((await call(server.url, 'GET', 'settings')).name, 'Oficina 0.2.0');
  await call(server.url, 'PUT', 'settings', { timeZone: 'America/Bogota' });
  const { code } = await call(server.url, 'POST', 'tickets');
  await until('the backup of the day', () => readdirSync(path.join(root, 'data')).some((file) => /^turnero-[-\d]+\.db$/.test(file)));
  assert.doesNotMatch(await server.stop(), /WARN|ERROR/);
  server = await startAlone(root, config.User, command);
  assert.equal((await call(server.url, 'GET', 'tickets')).at(-1).code, code);
  await server.stop();
});
