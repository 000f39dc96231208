import { printable } from '../../base/printable.ts';
import { copyXml, escapeXml, findElement, findElements, textAt, type XmlElement } from '../xml.ts';
import { SCHEMA_NAMESPACE } from './envelope.ts';

/** What a metadata stream carries. */
export interface MetadataParts {
  analytics: boolean;
  events: boolean;
  ptzStatus: boolean;
  ptzPosition: boolean;
}

export interface MetadataConfiguration extends MetadataParts {
  token: string;
  name: string;
}

/** Configurations beyond these are not read. */
const MAX_CONFIGURATIONS = 1024;

/** GetMetadataConfigurations of Media1 or Media2. What a configuration leaves out is off (onvif.xsd, MetadataConfiguration). */
export function parseMetadataConfigurations(answer: XmlElement): MetadataConfiguration[] {
  return findElements(answer, 'Configurations')
    .slice(0, MAX_CONFIGURATIONS)
    .flatMap((element) => {
      const token = element.attributes.get('token') ?? '';
      return token === '' ? [] : [{ token, name: printable(textAt(element, 'Name') ?? token), ...partsOf(element) }];
    });
}

/** A configuration of the camera's own answer, changed, as the `Configuration` of SetMetadataConfiguration. */
export function metadataRequestContent(element: XmlElement, change: Partial<MetadataParts>): string {
  const attributes = [...element.attributes].map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('');
  const { ptzStatus, ptzPosition, analytics } = { ...partsOf(element), ...change };
  const copied = (name: string): string => findElements(element, name).map(copyXml).join('');
  const own = (name: string, content: string): string => `<${name} xmlns="${SCHEMA_NAMESPACE}">${content}</${name}>`;

  const changesPtz = change.ptzStatus !== undefined || change.ptzPosition !== undefined;
  const fieldOfView = findElements(findElement(element, 'PTZStatus'), 'FieldOfView').map(copyXml).join('');
  const ptz = `<Status>${ptzStatus}</Status><Position>${ptzPosition}</Position>${fieldOfView}`;
  // The filter of events that are on already stays; events without a filter are all events.
  const events = change.events === true ? copied('Events') || own('Events', '') : '';

  const known = new Set(['Name', 'UseCount', 'PTZStatus', 'Events', 'Analytics']);
  const rest = element.children.filter((child) => !known.has(child.name)).map(copyXml);
  return (
    `<Configuration${attributes}>${copied('Name')}${copied('UseCount')}` +
    (changesPtz ? own('PTZStatus', ptz) : copied('PTZStatus')) +
    (change.events === undefined ? copied('Events') : events) +
    (change.analytics === undefined ? copied('Analytics') : own('Analytics', String(analytics))) +
    `${rest.join('')}</Configuration>`
  );
}

function partsOf(element: XmlElement): MetadataParts {
  const isOn = (...path: string[]): boolean => ['true', '1'].includes(textAt(element, ...path) ?? '');
  return {
    analytics: isOn('Analytics'),
    events: findElement(element, 'Events') !== undefined,
    ptzStatus: isOn('PTZStatus', 'Status'),
    ptzPosition: isOn('PTZStatus', 'Position'),
  };
}
