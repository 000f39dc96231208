// Of the package come requests, and nothing that comes back (measured on 0.8.3): it reads answers without limit or deadline and searches
// them in quadratic time (200 kB: 3 s); an answer that it does not expect throws past its callback; of several PTZ nodes or presets of
// one name it keeps one, the token `1.0` becomes 1. Its moves (unnamed axes to 0), imaging (no 0), pull points (Axis' Id only) are ours.
import { Cam } from 'onvif';
import type { SoapRequest } from './envelope.ts';

/** The package's camera without a wire: its calls end with the body of their request. */
class RequestMaker extends Cam {
  body = '';

  _envelopeHeader(): string {
    return '';
  }

  _envelopeFooter(): string {
    return '';
  }

  _request(options: { body: string }): void {
    this.body = options.body;
  }
}

/**
 * The request that the package makes of one call, `packageRequest((cam) => cam.getNodes(ignored))`. It escapes nothing: texts
 * go in through escapeXml.
 */
export function packageRequest(call: (cam: Cam) => void): SoapRequest {
  const maker = new RequestMaker({ hostname: '', autoconnect: false });
  call(maker);
  const [, name = '', namespace = ''] = /^<(\w+) xmlns="([^"]+)"/.exec(maker.body) ?? [];
  return { namespace, name, xml: maker.body };
}

/** The callback of a call whose answer comes another way. */
export function ignored(): void {}
