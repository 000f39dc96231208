import { Command, Option } from 'commander';
import { GatewayError, type Reason } from '../base/errors.ts';
import { RTSP_TRANSPORTS, type RtspTransport, type TlsPolicy } from '../base/rtsp-transport.ts';
import { probeCamera } from '../probe/probe-camera.ts';
import type { ProbeReport } from '../probe/report.ts';
import { DEFAULT_FILES } from './check.ts';
import { credentialsOf } from './credentials.ts';
import { collect, seconds } from './options.ts';
import { progressDisplay, showReport } from './probe-display.ts';
import { resolveTarget } from './probe-target.ts';

interface ProbeCommandOptions {
  username?: string;
  passwordFile?: string;
  config?: string;
  profile?: string[];
  duration: number;
  transport?: RtspTransport;
  fingerprint?: string;
  insecure?: true;
  json?: true;
}

const HELP = `
The target is a host, host:port, the URL of the ONVIF device service, an RTSP URL (for a camera without ONVIF), or the
id of a camera in the config, whose credentials, transport and certificate count then.

The camera is asked by ONVIF what it is and can do; then each profile is pulled by RTSP for some seconds, one after
another, and measured: what the configuration says and what the stream really is stand side by side. The last lines of
a profile say whether it plays in a browser, and if not, what to set on the camera. Nothing is changed on the camera.

Ctrl+C ends it at once and shows what is known by then. The password goes out as the camera asks for it (digest where
it can); it stands in no output.

Exit codes: 0 asked and measured, 1 the camera could not be asked, or none of its profiles pulled, 2 wrong usage or
configuration.

Examples:
  onvif-webrtc-gateway probe 192.168.1.20 --username viewer --password-file camera-password
  onvif-webrtc-gateway probe front-door --profile main --duration 20
  onvif-webrtc-gateway probe rtsp://192.168.1.21:554/stream1 --transport udp
  onvif-webrtc-gateway probe 192.168.1.20:8000 --json`;

/** `probe`: everything about one camera, in one screen. */
export function probeCommand(): Command {
  return new Command('probe')
    .description('Says all about one camera: what it is, what its streams really are, and whether they play in a browser.')
    .argument('<target>', 'host, host:port, ONVIF URL, RTSP URL, or the id of a camera in the config')
    .option('--username <name>', 'user name of the camera')
    .option('--password-file <file>', 'file whose first line is the password')
    .option('--config <file>', `config that has the camera (default: ./${DEFAULT_FILES.join(', then ')})`)
    .option('--profile <token>', 'only this profile, by its token or name; may be repeated', collect)
    .option('--duration <seconds>', 'how long each profile is pulled', seconds, 5)
    .addOption(new Option('--transport <way>', 'how the streams are fetched (default: auto)').choices(RTSP_TRANSPORTS))
    .option('--fingerprint <sha256>', 'the certificate that the camera must show, by its SHA-256 fingerprint')
    .option('--insecure', 'take any certificate')
    .option('--json', 'print one object at the end, and nothing else')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(text: string, options: ProbeCommandOptions): Promise<void> {
  const { config, transport, profile = [], duration, json } = options;
  const target = resolveTarget(text, { credentials: credentialsOf(options), transport, tls: tlsOf(options), config });
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const durationMs = duration * 1000;
  const progress = progressDisplay(json === true ? { write: () => undefined } : process.stderr, durationMs);
  try {
    const report = await probeCamera(target, { durationMs, profiles: profile, signal: interrupted.signal }, progress);
    progress.end();
    showReport(withAdvice(report), json === true);
    if (report.reason !== null) process.exitCode = 1;
  } catch (error) {
    progress.end();
    throw error;
  }
}

/** What is to be mended in the config, and was not taken from there, is to be mended in the command. */
function withAdvice(report: ProbeReport): ProbeReport {
  const advise = (reason: Reason | null): Reason | null => {
    if (reason?.code.endsWith('.certificate') === true) return withFingerprintOption(reason);
    if (reason?.code.endsWith('.unauthorized') !== true) return reason;
    return { ...reason, advice: CREDENTIALS_ADVICE[report.credentials === 'missing' ? 'missing' : 'refused'] };
  };
  if (report.id !== null) return report;
  return {
    ...report,
    reason: advise(report.reason),
    profiles: report.profiles.map((profile) => {
      const reason = advise(profile.reason);
      const reasons = profile.browser.reasons.map((each) => advise(each) ?? each);
      return { ...profile, reason, browser: { ...profile.browser, reasons } };
    }),
  };
}

function withFingerprintOption(reason: Reason): Reason {
  const [, fingerprint] = /tls_fingerprint: "([^"]*)"/.exec(reason.advice ?? '') ?? [];
  if (fingerprint === undefined) return reason;
  return { ...reason, advice: `If it is the camera's own, accept it by its fingerprint: --fingerprint ${fingerprint}` };
}

const CREDENTIALS_ADVICE = {
  missing: 'Add --username NAME --password-file FILE (its first line is the password).',
  refused:
    'Check both (many cameras have ONVIF users of their own), and whether the camera has locked the account after too many attempts.',
};

function tlsOf({ fingerprint, insecure }: ProbeCommandOptions): TlsPolicy | undefined {
  if (fingerprint === undefined) return insecure && { insecure };
  const digits = fingerprint.replaceAll(':', '').toLowerCase();
  if (insecure !== undefined || !/^[\da-f]{64}$/.test(digits)) {
    const message =
      insecure === undefined ? '--fingerprint is no SHA-256 fingerprint.' : '--fingerprint and --insecure exclude each other.';
    throw new GatewayError('usage.certificate', message, {
      advice: 'Write 64 hexadecimal digits, colons allowed, or --insecure.',
    });
  }
  return { fingerprint: digits };
}
