import { NAMESPACES } from './namespaces.ts';
import { invalidArgument, type SoapFault } from './soap.ts';
import { resolveName, type XmlElement } from './xml.ts';

/** WS-Topics' concrete paths and ONVIF's sets of them (Core Specification, event handling). */
export const TOPIC_DIALECTS = [
  'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet',
  'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
];

/**
 * Reads a wsnt:Filter: paths of ONVIF's topic namespace with `|` between them, each exact or, with `//.` at its end, with all
 * below it. Without a topic expression everything is wanted. A filter on message contents is answered with a fault.
 */
export function parseTopicFilter(filter: XmlElement | undefined): (topic: string) => boolean {
  const expressions = filter?.children ?? [];
  const paths = expressions.flatMap((expression) => {
    if (expression.name !== 'TopicExpression') throw topicFilterFault(`The camera has no filter ${expression.name}`);
    const dialect = expression.attributes.get('Dialect');
    if (dialect !== undefined && !TOPIC_DIALECTS.includes(dialect))
      throw topicFilterFault('The topic expression dialect is unknown');
    return expression.text.split('|').map((path) => resolveName(path.trim(), expression.prefixes));
  });
  if (paths.length === 0) return () => true;
  return (topic) =>
    paths.some(({ namespace, name }) => {
      if (namespace !== NAMESPACES.tns1) return false;
      if (!name.endsWith('//.')) return topic === name;
      const base = name.slice(0, -'//.'.length);
      return topic === base || topic.startsWith(`${base}/`);
    });
}

export function topicFilterFault(reason: string): SoapFault {
  return invalidArgument('InvalidFilterFault', reason);
}
