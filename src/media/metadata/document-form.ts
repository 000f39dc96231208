/** How a metadata track carries its documents (ONVIF Streaming section "RTSP session for a metadata stream"). */
export type DocumentForm = 'xml' | 'gzip';

/** @returns undefined where the track carries no metadata, or in a form that is not read (EXI) */
export function documentForm(encodingName: string): DocumentForm | undefined {
  return FORMS.get(encodingName.toLowerCase());
}

/** Efficient XML Interchange: it cannot be read without the schemas that the camera was built with. */
export function isExi(encodingName: string): boolean {
  return encodingName.toLowerCase().startsWith('vnd.onvif.metadata.exi');
}

const FORMS: ReadonlyMap<string, DocumentForm> = new Map([
  ['vnd.onvif.metadata', 'xml'],
  ['vnd.onvif.metadata+gzip', 'gzip'],
]);
