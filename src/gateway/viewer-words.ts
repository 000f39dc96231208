import type { Reason } from '../base/errors.ts';

/*
 * What viewers are told of a camera that fails. They may be anywhere, and need to know neither its address nor what it said to us word for
 * word; the operator has all of it in the log and in `/api/cameras`.
 */

const NOT_REACHED = 'The gateway gets no connection to the camera.';
const SILENT = 'The camera does not answer.';
const REFUSED = 'The camera refuses the user name or the password that the gateway has.';
const UNTRUSTED = 'The certificate of the camera is not the one that the gateway trusts.';
const NOT_CONVERTED = 'The gateway cannot convert the pictures of the camera, which are not played here as they come.';
const NO_STREAM = 'The camera does not give its stream.';

const SENTENCES: Readonly<Record<string, string>> = {
  'camera.connecting': 'The gateway is still connecting to the camera.',
  'camera.unreachable': NOT_REACHED,
  'camera.timeout': SILENT,
  'camera.unavailable': 'The camera says that it cannot serve just now.',
  'camera.unauthorized': REFUSED,
  'camera.certificate': UNTRUSTED,
  'camera.not_onvif': 'What answers in place of the camera is not an ONVIF camera.',
  'camera.other_device': 'Another device answers in place of the camera.',
  'camera.no_profiles': 'The camera has no media profile with video.',
  'camera.no_h264': 'The camera has no profile with H.264.',
  'transcode.no_ffmpeg': NOT_CONVERTED,
  'transcode.failed': NOT_CONVERTED,
  'transcode.too_many': 'The gateway converts the pictures of so many cameras that it can convert no more.',
  'rtsp.unreachable': NOT_REACHED,
  'rtsp.closed': NOT_REACHED,
  'rtsp.timeout': SILENT,
  'rtsp.unauthorized': REFUSED,
  'rtsp.certificate': UNTRUSTED,
  'rtsp.stalled': 'The camera sends no video.',
  'rtsp.silent': 'The camera sends no video.',
};

/** Reasons of these rooms are about the viewer, the gateway or the codec, and name no address. */
const PLAIN = /^(?:session|stream|gateway|signaling|talk)\.|^camera\.(?:removed|profile_gone)$/;

/** One sentence for the viewer. */
export function viewerWords({ code, message }: Reason): string {
  if (PLAIN.test(code)) return message;
  return SENTENCES[code] ?? (code.startsWith('rtsp.') ? NO_STREAM : 'The camera does not work as it should.');
}
