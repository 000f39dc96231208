import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/*
 * What the tests run against, besides npm packages: a browser, ffmpeg, real RTSP servers, a TURN server and another WebRTC stack. Each is looked for as a test
 * uses it, so that one that was installed by other means is as good as Debian's package.
 */

/** Debian's python3, for which the bindings of GStreamer are packaged; another python3 may come first on PATH. */
const PYTHON = '/usr/bin/python3';

/** At least one of each package, and what the packages of some distributions leave out. */
const GSTREAMER_ELEMENTS = [
  ...['videotestsrc', 'x264enc', 'h264parse', 'rtph264pay', 'mulawenc', 'rtppcmupay'],
  ...['x265enc', 'voaacenc', 'faad', 'opusenc', 'avenc_g726', 'avdec_h264', 'avdec_h265', 'avdec_aac'],
];

const RTSP_SERVER_CHECK = `
import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [name for name in '${GSTREAMER_ELEMENTS.join(' ')}'.split() if Gst.ElementFactory.find(name) is None]
if missing: raise SystemExit('no GStreamer element ' + ', '.join(missing))
`;

const WEBRTCBIN_CHECK = `
import gi, websockets
gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import Gst, GstSdp, GstWebRTC
Gst.init(None)
if None in [Gst.ElementFactory.find(name) for name in ('webrtcbin', 'nicesrc')]: raise SystemExit('no webrtcbin')
`;

/** @type {{ name: string, packages: string[], isPresent: () => boolean }[]} */
const NEEDED = [
  { name: 'Chromium', packages: ['chromium'], isPresent: () => isOnPath('chromium') },
  { name: 'ffmpeg', packages: ['ffmpeg'], isPresent: () => isOnPath('ffmpeg') },
  {
    name: 'the GStreamer RTSP server with its Python bindings',
    packages: [
      'python3-gi',
      'gir1.2-gst-rtsp-server-1.0',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-plugins-ugly',
      'gstreamer1.0-libav',
    ],
    isPresent: () => spawnSync(PYTHON, ['-c', RTSP_SERVER_CHECK], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'webrtcbin with its Python bindings',
    packages: [
      ...['python3-gi', 'python3-websockets', 'gir1.2-gst-plugins-bad-1.0', 'gstreamer1.0-plugins-bad', 'gstreamer1.0-nice'],
      'gstreamer1.0-libav',
    ],
    isPresent: () => spawnSync(PYTHON, ['-c', WEBRTCBIN_CHECK], { stdio: 'ignore' }).status === 0,
  },
  { name: 'gst-launch', packages: ['gstreamer1.0-tools'], isPresent: () => isOnPath('gst-launch-1.0') },
  { name: 'coturn', packages: ['coturn'], isPresent: () => isOnPath('turnserver') },
  { name: 'VLC', packages: ['vlc-bin', 'vlc-plugin-base'], isPresent: () => isOnPath('vlc') },
  {
    name: 'the tools for network namespaces',
    packages: ['iproute2', 'nftables', 'procps'],
    isPresent: () => isOnPath('ip') && isOnPath('nft') && isOnPath('sysctl'),
  },
];

/**
 * Installs what is missing where that is allowed (Debian or a relative, as root or with a sudo that does not ask, and not
 * forbidden by NO_APT=1); else throws with the one command to type.
 * @param {{ say: (line: string) => void }} context
 */
export function systemPackages({ say }) {
  const missing = NEEDED.filter((need) => !need.isPresent());
  if (missing.length === 0) return;
  const packages = missing.flatMap((need) => need.packages);
  const names = missing.map((need) => need.name).join(', ');
  const isRoot = process.getuid?.() === 0;
  const refusal = whyNotAllowed(isRoot);
  if (refusal !== undefined)
    throw new Error(`the tests need ${names} (${refusal}). Type:\n\n  ${commandToType(packages, isRoot)}\n`);

  say(`installing what the tests need: ${names} (some minutes; NO_APT=1 forbids it) ...`);
  const prefix = isRoot ? [] : ['sudo', '-n'];
  const aptGet = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=600'];
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const [command = '', ...parameters] = [...aptGet, ...step];
    if (spawnSync(command, parameters, { stdio: ['ignore', 2, 2] }).status !== 0) {
      throw new Error(
        `apt-get ${step[0]} failed; what it printed above says why. To do it by hand:\n\n  ${commandToType(packages, isRoot)}\n`,
      );
    }
  }
  const still = missing.filter((need) => !need.isPresent());
  if (still.length > 0) throw new Error(`${still.map((need) => need.name).join(', ')} cannot be used although installed.`);
  say('installed what the tests need');
}

/** @param {boolean} isRoot */
function whyNotAllowed(isRoot) {
  if (process.env['NO_APT'] === '1') return 'NO_APT=1 forbids to install it';
  if (!isOnPath('apt-get')) return 'there is no apt-get here; the command is for Debian';
  if (!isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return 'installing it takes root';
  return undefined;
}

/**
 * @param {string[]} packages
 * @param {boolean} isRoot
 */
function commandToType(packages, isRoot) {
  const aptGet = isRoot ? 'apt-get' : 'sudo apt-get';
  return `${aptGet} update && ${aptGet} install -y --no-install-recommends ${packages.join(' ')}`;
}

/** @param {string} program */
function isOnPath(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return statSync(join(folder, program)).isFile();
    } catch {
      return false;
    }
  });
}
