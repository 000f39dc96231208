import { SCHEMA_NAMESPACE } from './envelope.ts';

/** Of the document around the notifications: those that nearly all of them use, which some cameras forget to declare. */
export const DOCUMENT_NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['xmlns:tt', SCHEMA_NAMESPACE],
  ['xmlns:wsnt', 'http://docs.oasis-open.org/wsn/b-2'],
  ['xmlns:tns1', 'http://www.onvif.org/ver10/topics'],
]);

const DECLARATIONS = [...DOCUMENT_NAMESPACES].map(([name, namespace]) => ` ${name}="${namespace}"`).join('');
const START = `<?xml version="1.0" encoding="UTF-8"?>\n<tt:MetadataStream${DECLARATIONS}><tt:Event>`;
const END = '</tt:Event></tt:MetadataStream>';

/** Most characters of a document; more make another one. */
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Notifications as a metadata stream has them (ONVIF Streaming section 5.1.2.1.1, metadatastream.xsd): in one document, or in several where they
 * are very many; in none where there are none.
 *
 * @param notifications each a wsnt:NotificationMessage of at most {@link MAX_NOTIFICATION} characters
 */
export function eventDocuments(notifications: readonly string[]): string[] {
  const documents: string[] = [];
  let content: string[] = [];
  let length = 0;
  for (const notification of notifications) {
    if (length + notification.length > MAX_CHARACTERS) {
      documents.push(START + content.join('') + END);
      content = [];
      length = 0;
    }
    content.push(notification);
    length += notification.length;
  }
  return content.length === 0 ? documents : [...documents, START + content.join('') + END];
}

/** Most characters of a notification that is passed on. */
export const MAX_NOTIFICATION = 64 * 1024;
