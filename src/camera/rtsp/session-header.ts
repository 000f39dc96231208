/** RFC 2326 section 12.37. */
const DEFAULT_TIMEOUT_S = 60;

export interface RtspSession {
  id: string;
  /** The camera ends the session when it hears nothing for so long. */
  timeoutMs: number;
}

/** The Session header of an answer to SETUP; undefined where it names none. */
export function parseSession(value: string | undefined): RtspSession | undefined {
  const [id = '', ...parameters] = (value ?? '').split(';').map((part) => part.trim());
  if (id === '') return undefined;
  const timeouts = parameters.map((part) => Number(/^timeout\s*=\s*"?(\d{1,9})/i.exec(part)?.[1]));
  return { id, timeoutMs: (timeouts.find((seconds) => seconds > 0) ?? DEFAULT_TIMEOUT_S) * 1000 };
}
